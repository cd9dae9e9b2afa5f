import { readFile } from 'node:fs/promises';
import { type Clock, messageOf, type Random } from '#kit';
import { type Endpoint, isRepository, openRemotes, type RemoteOptions, type RemoteRepository, type Remotes } from '#image';
import { notAllowed, upstreamInvalid } from './errors.ts';
import type { UpstreamSettings } from './types.ts';

const TAGS_FRESH_MS = 5 * 60_000;
/** So long after it gave no answer an upstream is not asked about what is kept. */
const SILENCE_MS = 30_000;
const REPOSITORIES_MAX = 1_000;

interface UpstreamParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly remote?: RemoteOptions;
}

/** One upstream: which names here are its, and how it is asked. */
export class Upstream {
  readonly tagsFresh_ms: number;
  readonly #settings: UpstreamSettings;
  readonly #parts: UpstreamParts;
  readonly #remote: URL;
  readonly #allowed: RegExp | undefined;
  #remotes: Promise<Remotes> | undefined;
  /** Kept with their tokens, until the credentials are others. */
  readonly #repositories = new Map<
    string,
    { readonly repository: RemoteRepository; readonly username: string | undefined; readonly password: string | undefined }
  >();
  #silentSince_ms: number | undefined;

  /** Errors: `REGISTRY_SETTINGS_INVALID`. */
  constructor(settings: UpstreamSettings, parts: UpstreamParts) {
    const { remote, prefix, host, repositories, tagsFresh } = settings;
    const url = URL.parse(remote);
    if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.username !== '')
      throw upstreamInvalid(remote, 'its remote must be an address such as https://registry.example');
    if (prefix === undefined && host === undefined) throw upstreamInvalid(remote, 'it needs a prefix of names or a host');
    if (prefix !== undefined && prefix !== '/' && !(prefix.endsWith('/') && isRepository(prefix.slice(0, -1))))
      throw upstreamInvalid(remote, `its prefix "${prefix}" must be a part of a name with a slash at its end, such as hub/, or / alone`);
    this.#settings = settings;
    this.#parts = parts;
    this.#remote = url;
    this.#allowed = repositories === undefined ? undefined : new RegExp(`^(?:${repositories.map(patternOf).join('|')})$`);
    this.tagsFresh_ms = tagsFresh ?? TAGS_FRESH_MS;
  }

  /** How messages call it. */
  get name(): string {
    return this.#remote.host;
  }
  /** What stands before a name of its in the cache: what was fetched with some credentials is not served to those who may use others. */
  get key(): string {
    const { credentials } = this.#settings;
    return `${credentials === undefined ? '' : `${credentials}@`}${this.#remote.host}${this.#path === '' ? '' : `/${this.#path}`}`;
  }
  get #path(): string {
    return this.#remote.pathname.replaceAll(/^\/+|\/+$/g, '');
  }
  /** Longer ones are meant before shorter ones. */
  get prefix(): string | undefined {
    return this.#settings.prefix;
  }

  /** The name there of a repository that is asked for here; undefined when it is none of this upstream's. */
  nameOf(name: string, namespace: string | undefined): string | undefined {
    const { prefix, host } = this.#settings;
    if (namespace !== undefined) return host === namespace ? name : undefined;
    if (prefix === '/') return name;
    return prefix !== undefined && name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
  }

  /** Whether it gave no answer a moment ago. */
  get isSilent(): boolean {
    return this.#silentSince_ms !== undefined && this.#parts.clock.monotonic() - this.#silentSince_ms < SILENCE_MS;
  }
  set isSilent(yes: boolean) {
    this.#silentSince_ms = yes ? this.#parts.clock.monotonic() : undefined;
  }

  /** That repository, to be asked. Errors: `DENIED`, `REGISTRY_SETTINGS_INVALID` for credentials that can't be read. */
  async repository(name: string): Promise<RemoteRepository> {
    this.mustBeAllowed(name);
    const auth = await this.#credentials();
    const known = this.#repositories.get(name);
    if (known?.password === auth?.password && known?.username === auth?.username && known !== undefined) return known.repository;
    const endpoint: Endpoint = {
      host: this.#remote.host,
      repository: this.#path === '' ? name : `${this.#path}/${name}`,
      insecure: this.#remote.protocol === 'http:',
    };
    const { authority } = this.#settings;
    const remotes = await (this.#remotes ??= openRemotes(this.#parts, { ...this.#parts.remote, ...(authority === undefined ? {} : { authority }) }));
    const repository = remotes.repository(endpoint, 'pull', auth === undefined ? {} : { auth });
    if (this.#repositories.size >= REPOSITORIES_MAX) this.#repositories.clear();
    this.#repositories.set(name, { repository, username: auth?.username, password: auth?.password });
    return repository;
  }

  /** Errors: `DENIED`. */
  mustBeAllowed(name: string): void {
    if (this.#allowed?.test(name) === false) throw notAllowed(name, this.name);
  }

  async stop(): Promise<void> {
    (await this.#remotes)?.[Symbol.dispose]();
  }

  async #credentials(): Promise<{ readonly username: string; readonly password: string } | undefined> {
    const { credentials: path, remote } = this.#settings;
    if (path === undefined) return undefined;
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw upstreamInvalid(remote, `its credentials cannot be read: ${messageOf(error)}`, error);
    });
    const [line = ''] = text.split(/\r?\n/);
    const colon = line.indexOf(':');
    if (colon < 1) throw upstreamInvalid(remote, `${path} must have user:password in its first line`);
    return { username: line.slice(0, colon), password: line.slice(colon + 1) };
  }
}

function patternOf(pattern: string): string {
  return pattern
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
}
