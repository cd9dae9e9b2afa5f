import { DockerfileError } from '../errors.ts';
import { healthcheck } from './healthcheck.ts';
import type { CommandForm, Instruction, InstructionBody } from './instructions.ts';
import { type LogicalLine, logicalLines } from './lines.ts';
export type { CommandForm, Instruction, InstructionBody } from './instructions.ts';
import { type Flag, jsonForm, leadingFlags, pairs, splitWords } from './words.ts';

export interface Dockerfile {
  readonly escape: '\\' | '`';
  readonly instructions: readonly Instruction[];
}

const NAMES = [
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

/** Parses a Dockerfile. Errors: `DockerfileError` with the line. */
export function parseDockerfile(source: string): Dockerfile {
  const { escape, lines } = logicalLines(source);
  if (lines.length === 0) throw new DockerfileError(1, 'file with no instructions');
  const instructions = lines.map((line) => parseInstruction(line, escape));
  const first = instructions.find((instruction) => instruction.kind !== 'ARG');
  if (first?.kind !== 'FROM')
    throw new DockerfileError(first?.line ?? 1, 'no build stage in current context: the first instruction must be FROM (only ARG may stand before it)');
  return { escape, instructions };
}

/** Parses one instruction; ONBUILD triggers are parsed by it when they fire. */
export function parseInstruction(line: LogicalLine, escape: string): Instruction {
  const match = /^(\S+)(?:\s+([\s\S]*))?$/.exec(line.text);
  const word = match?.[1] ?? '';
  const rest = (match?.[2] ?? '').trim();
  const name = NAMES.find((known) => known === word.toUpperCase());
  if (name === undefined) throw new DockerfileError(line.line, `unknown instruction: ${word}${suggestion(word.toUpperCase())}`);
  if (rest === '') throw new DockerfileError(line.line, `${name} requires at least one argument`);
  return { line: line.line, text: `${name} ${rest}`, ...parseBody(name, rest, line, escape) };
}

function parseBody(name: (typeof NAMES)[number], rest: string, at: LogicalLine, escape: string): InstructionBody {
  switch (name) {
    case 'FROM':
      return parseFrom(rest, at);
    case 'ARG':
      return { kind: 'ARG', args: splitWords(rest, escape).map((word) => argument(word, at)) };
    case 'ENV':
    case 'LABEL':
      return { kind: name, pairs: pairs(rest, { escape, line: at.line, instruction: name, oldForm: true }) };
    case 'WORKDIR':
    case 'USER':
    case 'STOPSIGNAL':
    case 'MAINTAINER':
      return { kind: name, value: rest };
    case 'COPY':
    case 'ADD':
      return parseCopy(name, rest, at, escape);
    case 'RUN':
      return parseRun(rest, at);
    case 'CMD':
    case 'ENTRYPOINT':
      return { kind: name, command: command(rest) };
    case 'SHELL':
      return { kind: 'SHELL', words: jsonForm(rest) ?? refuse(at, 'SHELL requires the arguments to be in JSON form, as in SHELL ["/bin/sh", "-c"]') };
    case 'EXPOSE':
      return { kind: 'EXPOSE', values: splitWords(rest, escape) };
    case 'VOLUME':
      return { kind: 'VOLUME', values: jsonForm(rest) ?? splitWords(rest, escape) };
    case 'HEALTHCHECK':
      return healthcheck(rest, at.line);
    case 'ONBUILD':
      return parseOnbuild(rest, at, escape);
  }
}

function parseFrom(rest: string, at: LogicalLine): InstructionBody {
  const { flags, rest: words } = leadingFlags(rest);
  const allowed = flagValues('FROM', flags, ['platform'], at);
  const match = /^(\S+)(?:\s+as\s+(\S+))?$/i.exec(words);
  if (!match?.[1]) return refuse(at, 'FROM requires either one or three arguments: FROM image [AS stage]');
  const stage = match[2]?.toLowerCase();
  if (stage !== undefined && !/^[a-z][a-z0-9-_.]*$/.test(stage))
    return refuse(at, `invalid name for build stage: "${match[2]}", name can't start with a number or contain symbols`);
  const platform = allowed.get('platform');
  return { kind: 'FROM', image: match[1], ...(stage === undefined ? {} : { stage }), ...(platform === undefined ? {} : { platform }) };
}

function argument(word: string, at: LogicalLine): { name: string; value?: string } {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  if (name === '') return refuse(at, `ARG names can not be blank: "${word}"`);
  return equals < 0 ? { name } : { name, value: word.slice(equals + 1) };
}

function parseCopy(kind: 'COPY' | 'ADD', text: string, at: LogicalLine, escape: string): InstructionBody {
  const { flags, rest } = leadingFlags(text);
  const values = flagValues(kind, flags, kind === 'COPY' ? ['from', 'chown', 'chmod'] : ['chown', 'chmod'], at);
  const words = jsonForm(rest) ?? splitWords(rest, escape);
  const target = words.at(-1);
  if (words.length < 2 || target === undefined)
    return refuse(at, `${kind} requires at least two arguments, but only one was provided. Destination could not be determined`);
  const sources = words.slice(0, -1).filter((word) => !(at.heredocs.length > 0 && word.startsWith('<<')));
  const pick = (name: 'from' | 'chown' | 'chmod') => (values.has(name) ? { [name]: values.get(name) } : {});
  return { kind, sources, heredocs: at.heredocs, target, ...pick('from'), ...pick('chown'), ...pick('chmod') };
}

function parseRun(text: string, at: LogicalLine): InstructionBody {
  const { flags, rest } = leadingFlags(text);
  const network = flagValues('RUN', flags, ['network'], at).get('network');
  if (network !== undefined && network !== 'default' && network !== 'none' && network !== 'host')
    return refuse(at, `invalid network mode "${network}" for RUN: use default, none or host`);
  if (rest === '') return refuse(at, 'RUN requires at least one argument');
  return { kind: 'RUN', command: command(rest), heredocs: at.heredocs, ...(network === undefined ? {} : { network }) };
}

function parseOnbuild(rest: string, at: LogicalLine, escape: string): InstructionBody {
  const trigger = parseInstruction({ line: at.line, text: rest, heredocs: [] }, escape);
  if (trigger.kind === 'ONBUILD') return refuse(at, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger.kind === 'FROM' || trigger.kind === 'MAINTAINER') return refuse(at, `${trigger.kind} isn't allowed as an ONBUILD trigger`);
  if (at.heredocs.length > 0) return refuse(at, 'here-documents in ONBUILD are not supported');
  return { kind: 'ONBUILD', trigger: rest };
}

export function command(text: string): CommandForm {
  const words = jsonForm(text);
  return words === undefined ? { form: 'shell', line: text } : { form: 'exec', words };
}

function flagValues(instruction: string, flags: readonly Flag[], known: readonly string[], at: LogicalLine): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { name, value } of flags) {
    if (!known.includes(name))
      return refuse(at, `${instruction} --${name} is not supported${known.length > 0 ? ` (known: ${known.map((flag) => `--${flag}`).join(', ')})` : ''}`);
    if (value === undefined) return refuse(at, `missing a value on flag: ${name}`);
    if (values.has(name)) return refuse(at, `duplicate flag specified: ${name}`);
    values.set(name, value);
  }
  return values;
}

function suggestion(word: string): string {
  const best = NAMES.map((name) => ({ name, distance: editDistance(word, name) })).sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= 2 ? ` (did you mean ${best.name}?)` : '';
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function refuse(at: LogicalLine, problem: string): never {
  throw new DockerfileError(at.line, problem);
}
