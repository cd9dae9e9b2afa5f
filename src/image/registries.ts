import { readFile } from 'node:fs/promises';
import { parse } from 'smol-toml';
import { isSystemError, messageOf } from '#kit';
import { configInvalid, registryBlocked } from './errors.ts';
import { isInsecure } from './insecure.ts';
import type { Reference } from './types.ts';

/** One `[[registry]]` of containers-registries.conf(5). */
export interface RegistryEntry {
  readonly prefix: string;
  /** Takes the place of the prefix; absent only with a wildcard prefix, where names stay as they are. */
  readonly location?: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly { readonly location: string; readonly insecure: boolean }[];
}
export interface RegistriesConfig {
  readonly entries: readonly RegistryEntry[];
  /** Further hosts and networks that may go without TLS; see `RegistrySettings`. */
  readonly insecure?: readonly string[];
}
/** Where a name is to be asked for. */
export interface Endpoint {
  /** `host[:port]`. */
  readonly host: string;
  readonly repository: string;
  /** It may speak plain HTTP, or TLS with anybody's certificate. */
  readonly insecure: boolean;
  /** Asked in the place of another, whose credentials are not its. */
  readonly isMirror?: true;
}

export const NO_REGISTRIES: RegistriesConfig = { entries: [] };

/** Reads containers-registries.conf(5), version 2; a missing file is an empty one. Errors: `REGISTRIES_CONFIG_INVALID`. */
export async function loadRegistries(path: string): Promise<RegistriesConfig> {
  try {
    return parseRegistries(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return NO_REGISTRIES;
    throw error;
  }
}

/** Parses the text of such a file; `path` is for the words of errors. */
export function parseRegistries(text: string, path: string): RegistriesConfig {
  let whole: Record<string, unknown>;
  try {
    whole = parse(text);
  } catch (error) {
    throw configInvalid(path, `it is no TOML: ${messageOf(error)}`, error);
  }
  const fields = new Fields(whole, path, 'the file');
  const search = fields.list('unqualified-search-registries');
  if (search?.some((name) => name !== 'docker.io'))
    throw configInvalid(
      path,
      'unqualified-search-registries may only name docker.io: a name without a host always means docker.io here; use a [[registry]] with a prefix',
    );
  const entries = fields.tables('registry').map((table) => parseEntry(table));
  fields.done();
  const twice = entries.find(({ prefix }, at) => entries.findIndex((other) => other.prefix === prefix) !== at);
  if (twice) throw configInvalid(path, `prefix "${twice.prefix}" stands there twice`);
  return { entries };
}

function parseEntry(fields: Fields): RegistryEntry {
  const location = fields.text('location');
  const prefix = fields.text('prefix') ?? location;
  if (prefix === undefined || prefix === '') throw fields.wrong('a [[registry]] needs a prefix or a location');
  const isWildcard = prefix.startsWith('*.');
  if (isWildcard ? /[/*:@]/.test(prefix.slice(2)) : prefix.includes('*')) throw fields.wrong(`prefix "${prefix}" may have a wildcard only as *.example.com`);
  if (location === undefined && !isWildcard) throw fields.wrong(`the [[registry]] with prefix "${prefix}" needs a location`);
  checkPlace(fields, prefix);
  if (location !== undefined) checkPlace(fields, location);
  const mirrors = fields.tables('mirror').map((table) => {
    const place = table.text('location');
    if (place === undefined) throw fields.wrong(`a mirror of "${prefix}" needs a location`);
    checkPlace(fields, place);
    const mirror = { location: place, insecure: table.flag('insecure') };
    table.done();
    return mirror;
  });
  const entry = { prefix, ...(location === undefined ? {} : { location }), insecure: fields.flag('insecure'), blocked: fields.flag('blocked'), mirrors };
  fields.done();
  return entry;
}

function checkPlace(fields: Fields, place: string): void {
  if (/^[a-z]+:\/\//.test(place) || place.endsWith('/') || place.includes(' '))
    throw fields.wrong(`"${place}" must be host[:port][/path] without a scheme and without a slash at its end`);
}

/** The places to ask for a name, in order: mirrors first when pulling. Errors: `REGISTRY_BLOCKED`. */
export function endpointsOf(config: RegistriesConfig, reference: Reference, purpose: 'pull' | 'push'): readonly Endpoint[] {
  const name = `${reference.registry}/${reference.repository}`;
  const entry = config.entries.filter(({ prefix }) => matches(prefix, name)).sort((a, b) => b.prefix.length - a.prefix.length)[0];
  const open = (place: string) => isLoopback(place) || isInsecure(config.insecure ?? [], place.split('/')[0] ?? '');
  if (!entry) return [endpoint(name, open(name))];
  if (entry.blocked) throw registryBlocked(name);
  const rest = entry.prefix.startsWith('*.') ? name.slice(name.indexOf('/')) : name.slice(entry.prefix.length);
  const main = entry.location === undefined ? name : `${entry.location}${rest}`;
  const mirrors = purpose === 'pull' ? entry.mirrors : [];
  return [
    ...mirrors.map(({ location, insecure }) => ({ ...endpoint(`${location}${rest}`, insecure || open(location)), isMirror: true as const })),
    endpoint(main, entry.insecure || open(main)),
  ];
}

function matches(prefix: string, name: string): boolean {
  if (prefix.startsWith('*.')) return (name.split('/')[0] ?? '').replace(/:\d+$/, '').endsWith(prefix.slice(1));
  return name === prefix || name.startsWith(`${prefix}/`);
}

function endpoint(name: string, insecure: boolean): Endpoint {
  const slash = name.indexOf('/');
  return { host: name.slice(0, slash), repository: name.slice(slash + 1), insecure };
}

function isLoopback(name: string): boolean {
  const host = (name.split('/')[0] ?? '').replace(/:\d+$/, '');
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Reads a table's fields by name and refuses, at the end, those that nobody asked for. */
class Fields {
  readonly #values: Record<string, unknown>;
  readonly #path: string;
  readonly #place: string;
  readonly #known = new Set<string>();

  constructor(values: Record<string, unknown>, path: string, place: string) {
    this.#values = values;
    this.#path = path;
    this.#place = place;
  }

  wrong(problem: string) {
    return configInvalid(this.#path, problem);
  }

  text(name: string): string | undefined {
    const value = this.#take(name);
    if (value !== undefined && typeof value !== 'string') throw this.wrong(`${name} in ${this.#place} must be text`);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#take(name) ?? false;
    if (typeof value !== 'boolean') throw this.wrong(`${name} in ${this.#place} must be true or false`);
    return value;
  }

  list(name: string): readonly string[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw this.wrong(`${name} in ${this.#place} must be a list of texts`);
    return value;
  }

  tables(name: string): readonly Fields[] {
    const value = this.#take(name) ?? [];
    if (!Array.isArray(value)) throw this.wrong(`${name} in ${this.#place} must be written [[${name}]]`);
    return value.map((item: unknown) => {
      if (typeof item !== 'object' || item === null) throw this.wrong(`${name} in ${this.#place} must be written [[${name}]]`);
      return new Fields({ ...item }, this.#path, `a [[${name}]]`);
    });
  }

  done(): void {
    const unknown = Object.keys(this.#values).find((name) => !this.#known.has(name));
    if (unknown !== undefined) throw this.wrong(`${unknown} in ${this.#place} is not supported`);
  }

  #take(name: string): unknown {
    this.#known.add(name);
    return this.#values[name];
  }
}
