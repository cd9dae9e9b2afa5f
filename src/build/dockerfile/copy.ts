import { takeFlags, type Flags, type FlagKind } from './flags.ts';
import { heredocStart } from './heredocs.ts';
import type { InstructionBody } from './instructions.ts';
import type { Phrase } from './phrase.ts';
import { jsonWords, splitWords } from './words.ts';

type CopyBody = Extract<InstructionBody, { kind: 'COPY' | 'ADD' }>;

const BOTH = { chown: 'text', chmod: 'text', link: 'switch', exclude: 'texts' } as const;
const COPY_FLAGS: Readonly<Record<'COPY' | 'ADD', Readonly<Record<string, FlagKind>>>> = {
  COPY: { from: 'text', ...BOTH, parents: 'switch' },
  ADD: { ...BOTH, checksum: 'text', 'keep-git-dir': 'switch', unpack: 'switch' },
};
const CHECKSUM = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

/** `COPY` and `ADD` (Dockerfile reference, "ADD", "COPY"). Errors: `DockerfileSyntaxError`. */
export function parseCopy(kind: 'COPY' | 'ADD', phrase: Phrase): CopyBody {
  const { flags, rest } = takeFlags(phrase, COPY_FLAGS[kind]);
  const plain = splitWords(rest.text, rest.escape);
  const words = jsonWords(rest) ?? plain.map(({ text }) => text);
  const target = words.at(-1);
  if (words.length < 2 && plain.at(-1)?.open)
    return rest.refuse('unexpected end of statement while looking for a matching quote', 'close it, or write \\ before it', plain.at(-1)?.offset);
  if (words.length < 2 || target === undefined)
    return rest.refuse(
      `${kind} requires at least two arguments, but only one was provided. Destination could not be determined`,
      `write ${kind} SOURCE... DESTINATION`,
    );
  const given = phrase.heredocs.length > 0;
  if (given && heredocStart(target)) return rest.refuse(`${kind} cannot accept a heredoc as a destination`, `write ${kind} ${target} /path/of/the/file`);
  const sources = words.slice(0, -1).filter((word) => !(given && heredocStart(word)));
  for (const source of [...sources, target]) if (source === '') return rest.refuse(`${kind} has an empty path`, 'write . for the current folder');
  return { kind, sources, heredocs: phrase.heredocs, target, ...options(flags), ...(kind === 'ADD' ? addOptions(flags, phrase) : copyOptions(flags, phrase)) };
}

type Options = Partial<Omit<CopyBody, 'kind' | 'sources' | 'heredocs' | 'target'>>;

function options(flags: Flags): Options {
  const [chown, chmod, link, excludes] = [flags.text('chown'), flags.text('chmod'), flags.switch('link'), flags.texts('exclude')];
  return {
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
    ...(link === undefined ? {} : { link }),
    ...(excludes === undefined ? {} : { excludes }),
  };
}

function copyOptions(flags: Flags, phrase: Phrase): Options {
  const [from, parents] = [flags.text('from'), flags.switch('parents')];
  if (from === '') return phrase.refuse('missing a value on flag: --from', 'write --from=STAGE or --from=IMAGE', flags.offset('from'));
  if (from !== undefined && /[$'"\\]/.test(from))
    return phrase.refuse(
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
      `write FROM ${from} AS NAME above, and --from=NAME here`,
      flags.offset('from'),
    );
  return { ...(from === undefined ? {} : { from }), ...(parents === undefined ? {} : { parents }) };
}

function addOptions(flags: Flags, phrase: Phrase): Options {
  const [checksum, keepGitFolder, unpack] = [flags.text('checksum'), flags.switch('keep-git-dir'), flags.switch('unpack')];
  // A git commit may be given too, for a repository; a variable is judged when it is known.
  if (checksum !== undefined && !checksum.includes('$') && !CHECKSUM.test(checksum) && !/^[0-9a-f]{7,64}$/.test(checksum))
    return phrase.refuse(`invalid checksum digest format: "${checksum}"`, 'write --checksum=sha256: and 64 hexadecimal digits', flags.offset('checksum'));
  return {
    ...(checksum === undefined ? {} : { checksum }),
    ...(keepGitFolder === undefined ? {} : { keepGitFolder }),
    ...(unpack === undefined ? {} : { unpack }),
  };
}
