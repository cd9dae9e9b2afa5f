import { takeFlags, type FlagKind } from './flags.ts';
import type { CommandForm, InstructionBody, RunMount } from './instructions.ts';
import { MountError, parseMount } from './mount.ts';
import type { Phrase } from './phrase.ts';
import { suggestion } from './suggest.ts';
import { DockerfileSyntaxError } from './syntax-error.ts';
import { jsonWords } from './words.ts';

type RunBody = Extract<InstructionBody, { kind: 'RUN' }>;
const NETWORKS = ['default', 'none', 'host'] as const;
const SECURITIES = ['sandbox', 'insecure'] as const;
const RUN_FLAGS: Readonly<Record<string, FlagKind>> = { mount: 'texts', network: 'text', security: 'text' };

/** `RUN` (Dockerfile reference, "RUN"). Errors: `DockerfileSyntaxError`. */
export function parseRun(phrase: Phrase): RunBody {
  const { flags, rest } = takeFlags(phrase, RUN_FLAGS);
  const one = <const T extends string>(name: string, what: string, known: readonly T[]): T | undefined => {
    const value = flags.text(name);
    const found = known.find((item) => item === value);
    if (value !== undefined && found === undefined)
      return phrase.refuse(`${what} "${value}"${suggestion(value, known)}`, `write one of ${known.join(', ')}`, flags.offset(name));
    return found;
  };
  const network = one('network', 'invalid network mode', NETWORKS);
  const security = one('security', 'invalid security mode', SECURITIES);
  const mountTexts = flags.texts('mount');
  const mounts = mountTexts?.map((text) => mountAt(phrase, text, flags.offset('mount')));
  if (rest.text === '') return rest.refuse('RUN requires at least one argument', 'write the command to run');
  return {
    kind: 'RUN',
    command: commandOf(rest),
    heredocs: phrase.heredocs,
    ...(network === undefined ? {} : { network }),
    ...(security === undefined ? {} : { security }),
    ...(mounts === undefined || mountTexts === undefined ? {} : { mounts, mountTexts }),
  };
}

/** The mounts of a RUN with their variables replaced. Errors: `DockerfileSyntaxError`, and those of `expand`. */
export function expandedMounts(instruction: RunBody & { readonly line: number }, expand: (text: string) => string): readonly RunMount[] {
  return (instruction.mountTexts ?? []).map((text) => {
    try {
      return parseMount(text, expand);
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      throw new DockerfileSyntaxError({ line: instruction.line, instruction: 'RUN', problem: error.message, remedy: error.remedy });
    }
  });
}

/** JSON form or a line for the shell. Errors: `DockerfileSyntaxError`. */
export function commandOf(phrase: Phrase): CommandForm {
  const words = jsonWords(phrase);
  return words === undefined ? { form: 'shell', line: phrase.text } : { form: 'exec', words };
}

function mountAt(phrase: Phrase, text: string, offset: number): RunMount {
  try {
    return parseMount(text);
  } catch (error) {
    if (error instanceof MountError) return phrase.refuse(error.message, error.remedy, offset);
    throw error;
  }
}
