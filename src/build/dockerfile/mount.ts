import { posix } from 'node:path';
import type { RunMount } from './instructions.ts';
import { suggestion } from './suggest.ts';

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
const SHARINGS = ['shared', 'private', 'locked'] as const;
type MountType = (typeof TYPES)[number];

/** Other names of the options. */
const ALIASES: Readonly<Record<string, string>> = { src: 'source', dst: 'target', destination: 'target', ro: 'readonly', rw: 'readwrite' };
const OPTIONS = ['type', 'from', 'source', 'target', 'readonly', 'readwrite', 'required', 'size', 'id', 'sharing', 'mode', 'uid', 'gid', 'env'];
/** Those that may hold any text. */
const TEXTS = ['type', 'from', 'source', 'target', 'id', 'env'];
const SWITCHES = ['readonly', 'readwrite', 'required'];
/** What each type takes beside `type`. */
const TAKES: Readonly<Record<MountType, readonly string[]>> = {
  bind: ['target', 'source', 'from', 'readonly', 'readwrite'],
  cache: ['target', 'id', 'source', 'from', 'sharing', 'readonly', 'readwrite', 'mode', 'uid', 'gid'],
  tmpfs: ['target', 'size', 'readonly', 'readwrite'],
  secret: ['id', 'source', 'target', 'env', 'required', 'mode', 'uid', 'gid', 'readonly', 'readwrite'],
  ssh: ['id', 'target', 'required', 'mode', 'uid', 'gid', 'readonly', 'readwrite'],
};
/** What the reference takes as well where it means nothing. */
const WITHOUT_MEANING: Readonly<Record<MountType, readonly string[]>> = {
  bind: ['id', 'env'],
  cache: ['env'],
  tmpfs: ['id', 'source', 'from', 'env'],
  secret: [],
  ssh: ['env', 'from'],
};
const UNITS: readonly string[] = ['b', 'k', 'm', 'g', 't', 'p'];

/** A mount that does not read: what is wrong and what to write. */
export class MountError extends Error {
  readonly remedy: string;
  constructor(problem: string, remedy: string) {
    super(problem);
    this.remedy = remedy;
  }
}

/**
 * Reads the value of `RUN --mount=` (Dockerfile reference, "RUN --mount"). `expand` replaces the variables in the options' values, those of
 * `type` and `from` excepted, which can't have any. Without it variables stay, and where they hold a figure or a switch its default stands.
 * Errors: `MountError`, and those of `expand`.
 */
export function parseMount(text: string, expand?: (value: string) => string): RunMount {
  const options = readOptions(text, expand);
  const type = oneOf('mount type', options.get('type') ?? 'bind', TYPES);
  for (const name of options.keys())
    if (name !== 'type' && !TAKES[type].includes(name) && !WITHOUT_MEANING[type].includes(name))
      throw new MountError(`unexpected key '${name}' for mount type '${type}'`, `a ${type} mount takes ${TAKES[type].join(', ')}`);
  return build(type, options);
}

function readOptions(text: string, expand: ((value: string) => string) | undefined): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    const word = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const name = ALIASES[word] ?? word;
    if (!OPTIONS.includes(name))
      throw new MountError(
        equals < 0 ? `invalid field '${field}' must be a key=value pair` : `unexpected key '${word}' in '${field}'${suggestion(word, OPTIONS)}`,
        `a mount takes ${OPTIONS.join(', ')}`,
      );
    if (equals < 0 && !SWITCHES.includes(name)) throw new MountError(`invalid field '${field}' must be a key=value pair`, `write ${word}=VALUE`);
    const value = field.slice(equals + 1);
    if (name === 'from' && /\$./.test(value))
      throw new MountError("'from' doesn't support variable expansion, define alias stage instead", `write FROM ${value} AS NAME above, and from=NAME here`);
    if (expand === undefined && value.includes('$') && !TEXTS.includes(name)) continue;
    // The one that stands last decides, and stands last in the map.
    options.delete(name);
    options.set(name, equals < 0 ? 'true' : name === 'from' || name === 'type' || expand === undefined ? value : expand(value));
  }
  return options;
}

function build(type: MountType, options: ReadonlyMap<string, string>): RunMount {
  const text = (name: string) => (options.get(name) ? { [name]: options.get(name) } : {});
  const owner = { uid: integer(options, 'uid', 10) ?? 0, gid: integer(options, 'gid', 10) ?? 0 };
  switch (type) {
    case 'bind':
      return { type, target: target(options), ...text('source'), ...text('from'), readWrite: writable(options, false) };
    case 'cache': {
      const sharing = oneOf('sharing value', options.get('sharing') ?? 'shared', SHARINGS);
      const places = { ...text('id'), ...text('from'), ...text('source') };
      return {
        type,
        target: target(options),
        ...places,
        sharing,
        readOnly: !writable(options, true),
        mode: integer(options, 'mode', 8) ?? 0o755,
        ...owner,
      };
    }
    case 'tmpfs': {
      const size = options.get('size');
      return {
        type,
        target: target(options),
        ...(size === undefined ? {} : { size_bytes: bytes(size) }),
        ...(writable(options, true) ? {} : { readOnly: true }),
      };
    }
    default:
      return secretOrSsh(type, options, owner);
  }
}

function secretOrSsh(type: 'secret' | 'ssh', options: ReadonlyMap<string, string>, owner: { uid: number; gid: number }): RunMount {
  const [id, source, place, environment] = ['id', 'source', 'target', 'env'].map((name) => options.get(name) || undefined);
  const name = id ?? source;
  if (id !== undefined && source !== undefined) throw new MountError("both source and id can't be set", 'they mean the same: write id alone');
  if (type === 'secret' && id === undefined && source === undefined && place === undefined)
    throw new MountError('invalid secret mount. one of source, target required', 'write --mount=type=secret,id=NAME');
  const required = options.has('required') && boolean(options, 'required');
  // Read, so that a mistake in them is told; what these mounts hold is never written back.
  writable(options, false);
  return {
    type,
    ...(name === undefined ? {} : { id: name }),
    ...(place === undefined ? {} : { target: place }),
    ...(environment === undefined ? {} : { environment }),
    required,
    mode: integer(options, 'mode', 8) ?? (type === 'secret' ? 0o400 : 0o600),
    ...owner,
  };
}

/** Where it is mounted: without a word on it, upon the working folder. */
function target(options: ReadonlyMap<string, string>): string {
  const path = options.get('target') || '.';
  if (path.startsWith('/') && posix.resolve(path) === '/') throw new MountError(`invalid mount target "${path}"`, 'mount below the root, not upon it');
  return path;
}

/** Of the two switches the one that stands last decides. */
function writable(options: ReadonlyMap<string, string>, otherwise: boolean): boolean {
  const last = [...options.keys()].findLast((name) => name === 'readonly' || name === 'readwrite');
  return last === undefined ? otherwise : boolean(options, last) === (last === 'readwrite');
}

function boolean(options: ReadonlyMap<string, string>, name: string): boolean {
  const value = options.get(name) ?? '';
  if (/^(?:1|t|true)$/i.test(value)) return true;
  if (/^(?:0|f|false)$/i.test(value)) return false;
  throw new MountError(`invalid value for ${name}: ${value}`, 'write true or false');
}

function integer(options: ReadonlyMap<string, string>, name: string, radix: 8 | 10): number | undefined {
  const text = options.get(name);
  if (text === undefined) return undefined;
  const number = Number.parseInt(text, radix);
  if (!(radix === 8 ? /^[0-7]+$/ : /^[0-9]+$/).test(text) || number > 0xffff_ffff)
    throw new MountError(`invalid value ${text} for ${name}`, radix === 8 ? 'write an octal mode such as 0755' : 'write a number');
  return number;
}

/** A size in Docker's words: `64m`, `1.5GiB`, a plain figure is bytes; units are powers of 1024. */
function bytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s?([kmgtp]?)i?b?$/i.exec(text);
  if (!match) throw new MountError(`invalid value for size: ${text}`, 'write a size such as 64m or 1g');
  return Math.floor(Number(match[1]) * 1024 ** Math.max(0, UNITS.indexOf((match[2] ?? '').toLowerCase())));
}

function oneOf<const T extends string>(what: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value.toLowerCase());
  if (found === undefined) throw new MountError(`unsupported ${what} "${value}"${suggestion(value, known)}`, `write one of ${known.join(', ')}`);
  return found;
}

/** Fields of one line of comma-separated values; one in double quotes may hold commas, and two quotes for one. */
function csvFields(text: string): readonly string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const { field, end } = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
    fields.push(field);
    if (end >= text.length) return fields;
    at = end + 1;
  }
}

function plainField(text: string, at: number): { field: string; end: number } {
  const comma = text.indexOf(',', at);
  const end = comma < 0 ? text.length : comma;
  return { field: text.slice(at, end), end };
}

function quotedField(text: string, at: number): { field: string; end: number } {
  const parts: string[] = [];
  for (let from = at + 1; ; ) {
    const quote = text.indexOf('"', from);
    if (quote < 0) break;
    parts.push(text.slice(from, quote));
    const next = text[quote + 1];
    if (next === undefined || next === ',') return { field: parts.join('"'), end: quote + 1 };
    if (next !== '"') break;
    from = quote + 2;
  }
  throw new MountError(`failed to parse csv mounts: a quote is not closed in ${text}`, 'write "option=value with, comma"');
}
