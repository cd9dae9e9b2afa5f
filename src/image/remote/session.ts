import type { IncomingMessage } from 'node:http';
import { type Clock, KeyedMutex, type Random } from '#kit';
import { notAvailable } from '../errors.ts';
import type { Endpoint } from '../registries.ts';
import type { TransferOptions } from '../types.ts';
import { authorize, type Challenge, parseChallenge } from './auth.ts';
import { backOff_ms, PATIENCE_MS_MAX, retryAfter_ms } from './delays.ts';
import { type HttpCall, HttpClient, type HttpOptions, readBody } from './http.ts';
import { Lanes } from './parallel.ts';
import { Schemes } from './schemes.ts';
import { isDistrust } from './trust.ts';

/** How registries are talked with. */
export interface RemoteOptions extends HttpOptions {
  /** Blobs on their way at once, over all pulls and all pushes: 3 and 3 when left out. */
  readonly downloadsMax?: number;
  readonly uploadsMax?: number;
  /** How often a call is tried: 4 when left out. */
  readonly attemptsMax?: number;
}

const [ATTEMPTS_MAX, BLOBS_AT_ONCE] = [4, 3];
/** The host behind the name docker.io. */
const DOCKER_HUB = 'registry-1.docker.io';

/** Makes sessions with registries; its connections are closed with it. */
export class RegistrySessions {
  readonly #http: HttpClient;
  readonly #schemes: Schemes;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #attemptsMax: number;
  /** Blobs that are being fetched, whoever wants them: nobody else fetches them meanwhile. */
  readonly fetching = new KeyedMutex();
  readonly downloads: Lanes;
  readonly uploads: Lanes;

  constructor(clock: Clock, random: Random, options: RemoteOptions = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#http = new HttpClient(options);
    this.#schemes = new Schemes(this.#http);
    this.#attemptsMax = options.attemptsMax ?? ATTEMPTS_MAX;
    this.downloads = new Lanes(options.downloadsMax ?? BLOBS_AT_ONCE);
    this.uploads = new Lanes(options.uploadsMax ?? BLOBS_AT_ONCE);
  }

  open(endpoint: Endpoint, actions: 'pull' | 'pull,push', options: Pick<TransferOptions, 'auth' | 'signal'>): RegistrySession {
    return this.openRegistry(endpoint, [`repository:${endpoint.repository}:${actions}`], options);
  }

  /** For what is asked of a registry as a whole; `scopes` are those of its token service. */
  openRegistry(endpoint: Endpoint, scopes: readonly string[], options: Pick<TransferOptions, 'auth' | 'signal'>): RegistrySession {
    const shared = { http: this.#http, schemes: this.#schemes, clock: this.#clock, random: this.#random, attemptsMax: this.#attemptsMax };
    // A mirror is somebody else: the credentials are the origin's.
    const { auth: _origins, ...anonymous } = options;
    return new RegistrySession({ ...shared, endpoint, scopes, ...(endpoint.isMirror ? anonymous : options) });
  }

  close(): void {
    this.#http.close();
  }
}

export interface SessionOptions extends Pick<TransferOptions, 'auth' | 'signal'> {
  readonly http: HttpClient;
  readonly schemes: Schemes;
  readonly clock: Clock;
  readonly random: Random;
  readonly attemptsMax: number;
  readonly endpoint: Endpoint;
  readonly scopes: readonly string[];
}

/** Who a session is, once it was asked. */
interface Login {
  readonly scopes: Set<string>;
  authorization: string | undefined;
  signingIn: Promise<void> | undefined;
}

/** Talks with one repository of one registry: signs in when asked to, and tries again when the server stumbles. */
export class RegistrySession {
  readonly #options: SessionOptions;
  readonly #login: Login;
  /** One that the login is shared with: its end does not end what others wait for. */
  readonly #isShared: boolean;

  constructor(options: SessionOptions, shared?: Login) {
    this.#options = options;
    this.#login = shared ?? { scopes: new Set(options.scopes), authorization: undefined, signingIn: undefined };
    this.#isShared = shared !== undefined;
  }

  /** The same session for work of its own that ends with the signal: who is signed in here is so there. */
  until(signal: AbortSignal): RegistrySession {
    return new RegistrySession({ ...this.#options, signal }, this.#login);
  }

  /** The same session for what is not worth waiting for: nothing is tried twice. */
  impatient(): RegistrySession {
    return new RegistrySession({ ...this.#options, attemptsMax: 1 }, this.#login);
  }

  /** Asks, when signing in, to read another repository too. */
  alsoRead(repository: string): void {
    if (repository !== this.repository) this.#login.scopes.add(`repository:${repository}:pull`);
  }

  get host(): string {
    return this.#options.endpoint.host;
  }
  get repository(): string {
    return this.#options.endpoint.repository;
  }

  /** `path` follows the repository's own: `manifests/latest`. */
  url(path: string): URL {
    return this.registryUrl(`${this.repository}/${path}`);
  }

  /** `path` follows the registry's own: `_catalog`. */
  registryUrl(path: string): URL {
    const { host } = this.#options.endpoint;
    return new URL(`https://${host === 'docker.io' ? DOCKER_HUB : host}/v2/${path}`);
  }

  /** Whether an address is the registry's own, in whichever scheme it is written. */
  #isOwn(url: URL): boolean {
    const own = this.registryUrl('');
    return url.host === own.host || url.host === plain(own).host;
  }

  /** The scheme that an insecure registry speaks. */
  async #reachable(url: URL): Promise<URL> {
    const { endpoint, schemes, signal } = this.#options;
    if (!endpoint.insecure || !this.#isOwn(url)) return url;
    return (await schemes.of(endpoint.host, signal)) === 'http:' ? plain(url) : url;
  }

  /** Whether whoever opened the session wants no more of it. */
  get isGivenUp(): boolean {
    return this.#options.signal?.aborted ?? false;
  }

  /** Waits before another attempt, longer after each failure. */
  async pause(failures: number, least_ms = 0): Promise<void> {
    const { clock, random, signal } = this.#options;
    await clock.sleep(Math.max(backOff_ms(failures, random), least_ms), signal);
  }

  /** Sends a call; answers with 401 are answered once by signing in, those with 5xx and 429 are tried again when the registry wants it. */
  async send(call: Omit<HttpCall, 'signal'>): Promise<IncomingMessage> {
    const { clock, signal, attemptsMax } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      let answer: IncomingMessage | undefined;
      try {
        answer = await this.#signed(call);
      } catch (error) {
        if (signal?.aborted || attempt === attemptsMax || isRefused(error)) throw error;
      }
      if (answer && !isStumble(answer.statusCode ?? 0)) return answer;
      if (answer && attempt === attemptsMax) return answer;
      const wanted_ms = retryAfter_ms(answer?.headers['retry-after'], clock.now()) ?? 0;
      if (answer && wanted_ms > PATIENCE_MS_MAX) return answer;
      answer?.resume();
      await this.pause(attempt, wanted_ms);
    }
  }

  /** What a failed answer says, as an error that names the registry. */
  async failure(answer: IncomingMessage, action: string): Promise<Error> {
    const status = answer.statusCode ?? 502;
    const words = describe((await readBody(answer)).toString('utf8'));
    const said = `registry ${this.host} answered ${status}${words === '' ? '' : `: ${words}`}`;
    if (status === 404) return notAvailable(`Cannot ${action}: ${said}; does it exist there?`, 404);
    if (status === 401 || status === 403) return notAvailable(`Cannot ${action}: access denied: ${said}; it may not exist or may require docker login`, 403);
    const later = answer.headers['retry-after'];
    if (status === 429)
      return notAvailable(`Cannot ${action}: ${said}; it wants fewer requests${later === undefined ? '' : `: try again after ${later}`}`, 429);
    return notAvailable(`Cannot ${action}: ${said}`, 502);
  }

  async #signed(call: Omit<HttpCall, 'signal'>): Promise<IncomingMessage> {
    const isOwn = this.#isOwn(call.url);
    const url = await this.#reachable(call.url);
    const send = (authorization: string | undefined) =>
      this.#ask(
        {
          ...call,
          url,
          headers: { ...call.headers, ...(authorization === undefined || !isOwn ? {} : { authorization }) },
        },
        this.#options.signal,
      );
    const used = this.#login.authorization;
    const answer = await send(used);
    const challenge = answer.statusCode === 401 && isOwn ? parseChallenge(answer.headers['www-authenticate'] ?? '') : undefined;
    if (!challenge) return answer;
    // Another call may have signed in meanwhile, or be about to.
    if (this.#login.authorization === used) {
      this.#login.signingIn ??= this.#signIn(challenge).finally(() => (this.#login.signingIn = undefined));
      await this.#login.signingIn.catch((error: unknown) => {
        // Unread, it would keep its connection from the next call.
        answer.resume();
        throw error;
      });
    }
    if (this.#login.authorization === used) return answer;
    answer.resume();
    return send(this.#login.authorization);
  }

  /** Other hosts are asked on the registry's behalf: its authorities hold for them, and only its own connection may be unverified. */
  #ask(call: HttpCall, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const { http, endpoint } = this.#options;
    return http.send({
      ...call,
      registry: this.registryUrl(''),
      ...(endpoint.insecure && this.#isOwn(call.url) ? { unverified: true } : {}),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async #signIn(challenge: Challenge): Promise<void> {
    const { auth } = this.#options;
    if (challenge.parameters.scope !== undefined) for (const scope of challenge.parameters.scope.split(' ')) this.#login.scopes.add(scope);
    this.#login.authorization =
      (await authorize((call) => this.#ask(call, this.#isShared ? undefined : this.#options.signal), challenge, [...this.#login.scopes].join(' '), auth)) ??
      this.#login.authorization;
  }
}

function isStumble(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501);
}

/** Nobody listens there, or the name means nothing: trying again at once won't help. */
function isRefused(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return !(cause instanceof Error) || isDistrust(cause) || ['ECONNREFUSED', 'ENOTFOUND', 'EPROTO'].includes(String(code));
}

/** The address in plain HTTP. Ports that go without saying are others there. */
function plain(url: URL): URL {
  return new URL(url.href.replace(/^https:/, 'http:'));
}

/** The registry's own words: `errors[].message` where it keeps to the specification. */
function describe(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && 'errors' in value && Array.isArray(value.errors)) {
      return value.errors
        .map((item: unknown) => (typeof item === 'object' && item !== null && 'message' in item ? String(item.message) : ''))
        .filter((words) => words !== '')
        .join('; ');
    }
  } catch {
    return body.slice(0, 200).trim(); // Not JSON: shown as it is.
  }
  return '';
}
