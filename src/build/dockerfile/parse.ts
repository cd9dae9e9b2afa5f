import { DockerfileError } from '../errors.ts';
import { parseCopy } from './copy.ts';
import type { Directives } from './directives.ts';
import { takeFlags } from './flags.ts';
import { parseFrom } from './from.ts';
import { parseHealthcheck } from './healthcheck.ts';
import type { Instruction, InstructionBody, Place } from './instructions.ts';
import { type LogicalLine, logicalLines, spotAt } from './lines.ts';
import { Phrase } from './phrase.ts';
import { commandOf, parseRun } from './run.ts';
import { isSignal, SIGNAL_REMEDY } from './signal.ts';
import { suggestion } from './suggest.ts';
import { DockerfileSyntaxError } from './syntax-error.ts';
import { jsonWords, plainWords, readPairs, splitWords } from './words.ts';
export type { CommandForm, Instruction, InstructionBody } from './instructions.ts';

export interface Dockerfile extends Directives {
  readonly instructions: readonly Instruction[];
  /** Blank lines in the middle of instructions, which the reference calls deprecated. */
  readonly blanks?: readonly { readonly line: number; readonly instruction: Instruction }[];
}

export const NAMES = [
  'FROM',
  'ARG',
  'ENV',
  'LABEL',
  'WORKDIR',
  'USER',
  'STOPSIGNAL',
  'MAINTAINER',
  'COPY',
  'ADD',
  'RUN',
  'CMD',
  'ENTRYPOINT',
  'SHELL',
  'EXPOSE',
  'VOLUME',
  'HEALTHCHECK',
  'ONBUILD',
] as const;
type Name = (typeof NAMES)[number];

/** Parses a Dockerfile. Errors: `DockerfileError` (a `DockerfileSyntaxError`) with the line. */
export function parseDockerfile(source: string): Dockerfile {
  const { file, mistake } = parseUntilMistake(source);
  if (mistake) throw mistake;
  return file;
}

/** Parses a Dockerfile as far as it reads: what stands before the first mistake, and the mistake. */
export function parseUntilMistake(source: string): { readonly file: Dockerfile; readonly mistake?: DockerfileError } {
  const instructions: Instruction[] = [];
  const blanks: { line: number; instruction: Instruction }[] = [];
  let directives: Directives = { escape: '\\' };
  const file = (): Dockerfile => ({ ...directives, instructions, ...(blanks.length === 0 ? {} : { blanks }) });
  try {
    const { lines, ...read } = logicalLines(source);
    directives = read;
    if (lines.length === 0) throw new DockerfileSyntaxError({ line: 1, problem: 'file with no instructions', remedy: 'begin with FROM and an image' });
    for (const line of lines) {
      const instruction = parseInstruction(line, directives.escape);
      instructions.push(instruction);
      for (const blank of line.blanks ?? []) blanks.push({ line: blank, instruction });
    }
    checkBeginning(instructions);
  } catch (error) {
    if (error instanceof DockerfileError) return { file: file(), mistake: error };
    throw error;
  }
  return { file: file() };
}

function checkBeginning(instructions: readonly Instruction[]): void {
  const first = instructions.find((instruction) => instruction.kind !== 'ARG');
  if (first?.kind === 'FROM') return;
  throw new DockerfileSyntaxError({
    line: first?.line ?? 1,
    ...(first === undefined ? {} : { instruction: first.kind }),
    problem: 'no build stage in current context',
    remedy: 'the first instruction must be FROM (only ARG may stand before it)',
  });
}

/**
 * Parses one instruction; ONBUILD triggers are parsed by it when they fire. A text of several lines holds here-documents.
 * Errors: `DockerfileSyntaxError`.
 */
export function parseInstruction(given: LogicalLine, escape: string): Instruction {
  const line = given.text.includes('\n') ? { ...(logicalLines(given.text).lines[0] ?? given), line: given.line } : given;
  const word = /^\S*/.exec(line.text)?.[0] ?? '';
  const name = NAMES.find((known) => known === word.toUpperCase());
  if (name === undefined) {
    const near = suggestion(word.toUpperCase(), NAMES);
    const remedy = near === '' ? { remedy: `a Dockerfile has ${NAMES.join(', ')}; a line that goes on ends with ${escape}` } : {};
    throw new DockerfileSyntaxError({ line: line.line, problem: `unknown instruction: ${word}${near}`, ...remedy });
  }
  const phrase = new Phrase({ name, text: line.text, escape, line, offset: 0 }).from(word.length);
  if (phrase.text === '') return phrase.refuse(`${name} requires at least one argument`, `write ${EXAMPLES[name]}`);
  const body = parseBody(name, phrase);
  const place = placeOf(line, word);
  return { line: line.line, text: `${name} ${phrase.text}`, ...(place === undefined ? {} : { place }), ...body };
}

const EXAMPLES: Readonly<Record<Name, string>> = {
  FROM: 'FROM IMAGE or FROM IMAGE AS STAGE',
  ARG: 'ARG NAME or ARG NAME=default',
  ENV: 'ENV NAME=value',
  LABEL: 'LABEL name=value',
  WORKDIR: 'WORKDIR /path',
  USER: 'USER NAME or USER 1000:1000',
  STOPSIGNAL: 'STOPSIGNAL SIGTERM',
  MAINTAINER: 'LABEL org.opencontainers.image.authors="name"',
  COPY: 'COPY SOURCE... DESTINATION',
  ADD: 'ADD SOURCE... DESTINATION',
  RUN: 'RUN COMMAND',
  CMD: 'CMD ["program", "argument"], or CMD [] to take it away',
  ENTRYPOINT: 'ENTRYPOINT ["program", "argument"], or ENTRYPOINT [] to take it away',
  SHELL: 'SHELL ["/bin/sh", "-c"]',
  EXPOSE: 'EXPOSE 80 or EXPOSE 53/udp',
  VOLUME: 'VOLUME /path',
  HEALTHCHECK: 'HEALTHCHECK CMD COMMAND or HEALTHCHECK NONE',
  ONBUILD: 'ONBUILD and another instruction',
};

function placeOf(line: LogicalLine, word: string): Place | undefined {
  const start = spotAt(line, 0);
  if (start === undefined) return undefined;
  return {
    start: line.line,
    end: line.end ?? line.line,
    word,
    written: line.text,
    comments: line.comments ?? [],
    at: (offset) => spotAt(line, offset) ?? start,
  };
}

function parseBody(name: Name, phrase: Phrase): InstructionBody {
  switch (name) {
    case 'FROM':
      return parseFrom(phrase);
    case 'COPY':
    case 'ADD':
      return parseCopy(name, phrase);
    case 'RUN':
      return parseRun(phrase);
    case 'HEALTHCHECK':
      return parseHealthcheck(phrase);
    case 'ONBUILD':
      return parseOnbuild(phrase);
    default:
      return parsePlain(name, withoutFlags(phrase));
  }
}

function parsePlain(name: Exclude<Name, 'FROM' | 'COPY' | 'ADD' | 'RUN' | 'HEALTHCHECK' | 'ONBUILD'>, phrase: Phrase): InstructionBody {
  switch (name) {
    case 'ARG':
      return { kind: 'ARG', args: splitWords(phrase.text, phrase.escape).map(({ text, offset }) => argument(phrase, text, offset)) };
    case 'ENV':
    case 'LABEL': {
      const { pairs, old } = readPairs(phrase);
      return { kind: name, pairs, ...(old ? { old } : {}) };
    }
    case 'WORKDIR':
    case 'USER':
    case 'MAINTAINER':
      return { kind: name, value: phrase.text };
    case 'STOPSIGNAL':
      return { kind: name, value: stopSignal(phrase) };
    case 'CMD':
    case 'ENTRYPOINT':
      return { kind: name, command: commandOf(phrase) };
    case 'SHELL':
      return { kind: 'SHELL', words: shellWords(phrase) };
    case 'EXPOSE':
      return { kind: 'EXPOSE', values: plainWords(phrase.text).map(({ text }) => text) };
    case 'VOLUME':
      return { kind: 'VOLUME', values: volumes(phrase) };
  }
}

/** A variable is judged when it is known. */
function stopSignal(phrase: Phrase): string {
  const { text } = phrase;
  const bare = text.replace(/^(["'])(.*)\1$/s, '$2');
  return text.includes('$') || isSignal(bare) ? text : phrase.refuse(`invalid signal: ${text}`, SIGNAL_REMEDY, 0);
}

function withoutFlags(phrase: Phrase): Phrase {
  const { rest } = takeFlags(phrase, {});
  return rest.text === '' ? rest.refuse(`${rest.name} requires at least one argument`) : rest;
}

function argument(phrase: Phrase, word: string, offset: number): { name: string; value?: string } {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  if (name === '') return phrase.refuse('ARG names can not be blank', 'write a name before the =', offset);
  return equals < 0 ? { name } : { name, value: word.slice(equals + 1) };
}

function shellWords(phrase: Phrase): readonly string[] {
  const words = jsonWords(phrase);
  if (words === undefined) return phrase.refuse('SHELL requires the arguments to be in JSON form', 'write SHELL ["/bin/sh", "-c"]', 0);
  return words.length === 0 ? phrase.refuse('SHELL requires at least one argument', 'write SHELL ["/bin/sh", "-c"]', 0) : words;
}

function volumes(phrase: Phrase): readonly string[] {
  const values = (jsonWords(phrase) ?? plainWords(phrase.text).map(({ text }) => text)).map((path) => path.trim());
  if (values.length === 0) return phrase.refuse('VOLUME requires at least one argument', 'write VOLUME /path', 0);
  return values.includes('') ? phrase.refuse('VOLUME specified can not be an empty string', 'write VOLUME /path', 0) : values;
}

function parseOnbuild(phrase: Phrase): InstructionBody {
  const rest = withoutFlags(phrase);
  const word = /^\S*/.exec(rest.text)?.[0].toUpperCase() ?? '';
  if (word === 'ONBUILD') return rest.refuse("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", 'write ONBUILD once', 0);
  if (word === 'FROM' || word === 'MAINTAINER') return rest.refuse(`${word} isn't allowed as an ONBUILD trigger`, 'choose another instruction', 0);
  // Read for its mistakes now; what the trigger does is read again when it fires.
  parseInstruction(rest.asLine(), rest.escape);
  const documents = rest.heredocs.map(({ name, content }) => `\n${content}${name}`).join('');
  return { kind: 'ONBUILD', trigger: `${rest.text}${documents}` };
}
