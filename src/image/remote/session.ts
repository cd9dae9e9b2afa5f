import type { IncomingMessage } from 'node:http';
import type { Clock } from '#kit';
import { notAvailable } from '../errors.ts';
import type { Endpoint } from '../registries.ts';
import type { TransferOptions } from '../types.ts';
import { authorize, type Challenge, parseChallenge } from './auth.ts';
import { type HttpCall, HttpClient, readBody } from './http.ts';

const ATTEMPTS_MAX = 4;
const FIRST_DELAY_MS = 250;
/** The host behind the name docker.io. */
const DOCKER_HUB = 'registry-1.docker.io';

/** Makes sessions with registries; its connections are closed with it. */
export class RegistrySessions {
  readonly #http = new HttpClient();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(endpoint: Endpoint, actions: 'pull' | 'pull,push', options: Pick<TransferOptions, 'auth' | 'signal'>): RegistrySession {
    return this.openRegistry(endpoint, [`repository:${endpoint.repository}:${actions}`], options);
  }

  /** For what is asked of a registry as a whole; `scopes` are those of its token service. */
  openRegistry(endpoint: Endpoint, scopes: readonly string[], options: Pick<TransferOptions, 'auth' | 'signal'>): RegistrySession {
    return new RegistrySession({ http: this.#http, clock: this.#clock, endpoint, scopes, ...options });
  }

  close(): void {
    this.#http.close();
  }
}

export interface SessionOptions extends Pick<TransferOptions, 'auth' | 'signal'> {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly endpoint: Endpoint;
  readonly scopes: readonly string[];
}

/** Talks with one repository of one registry: signs in when asked to, and tries again when the server stumbles. */
export class RegistrySession {
  readonly #options: SessionOptions;
  readonly #scopes: Set<string>;
  #authorization: string | undefined;
  #signingIn: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#scopes = new Set(options.scopes);
  }

  /** Asks, when signing in, to read another repository too. */
  alsoRead(repository: string): void {
    if (repository !== this.repository) this.#scopes.add(`repository:${repository}:pull`);
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
    const { host, insecure } = this.#options.endpoint;
    return new URL(`${insecure ? 'http' : 'https'}://${host === 'docker.io' ? DOCKER_HUB : host}/v2/${path}`);
  }

  /** Sends a call; answers with 401 are answered once by signing in, those with 5xx and 429 are tried again. */
  async send(call: Omit<HttpCall, 'signal'>): Promise<IncomingMessage> {
    const { clock, signal } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      let answer: IncomingMessage | undefined;
      try {
        answer = await this.#signed(call);
      } catch (error) {
        if (signal?.aborted || attempt === ATTEMPTS_MAX || isRefused(error)) throw error;
      }
      if (answer && !isStumble(answer.statusCode ?? 0)) return answer;
      if (answer && attempt === ATTEMPTS_MAX) return answer;
      answer?.resume();
      await clock.sleep(FIRST_DELAY_MS * 2 ** (attempt - 1), signal);
    }
  }

  /** What a failed answer says, as an error that names the registry. */
  async failure(answer: IncomingMessage, action: string): Promise<Error> {
    const status = answer.statusCode ?? 502;
    const words = describe((await readBody(answer)).toString('utf8'));
    const said = `registry ${this.host} answered ${status}${words === '' ? '' : `: ${words}`}`;
    if (status === 404) return notAvailable(`Cannot ${action}: ${said}; does it exist there?`, 404);
    if (status === 401 || status === 403) return notAvailable(`Cannot ${action}: access denied: ${said}; it may not exist or may require docker login`, 403);
    return notAvailable(`Cannot ${action}: ${said}`, 502);
  }

  async #signed(call: Omit<HttpCall, 'signal'>): Promise<IncomingMessage> {
    const { http, signal } = this.#options;
    const isOwn = call.url.host === this.registryUrl('').host;
    const send = (authorization: string | undefined) =>
      http.send({
        ...call,
        ...(signal === undefined ? {} : { signal }),
        headers: { ...call.headers, ...(authorization === undefined || !isOwn ? {} : { authorization }) },
      });
    const used = this.#authorization;
    const answer = await send(used);
    const challenge = answer.statusCode === 401 && isOwn ? parseChallenge(answer.headers['www-authenticate'] ?? '') : undefined;
    if (!challenge) return answer;
    // Another call may have signed in meanwhile, or be about to.
    if (this.#authorization === used) {
      this.#signingIn ??= this.#signIn(challenge).finally(() => (this.#signingIn = undefined));
      await this.#signingIn.catch((error: unknown) => {
        // Unread, it would keep its connection from the next call.
        answer.resume();
        throw error;
      });
    }
    if (this.#authorization === used) return answer;
    answer.resume();
    return send(this.#authorization);
  }

  async #signIn(challenge: Challenge): Promise<void> {
    const { http, auth, signal } = this.#options;
    if (challenge.parameters.scope !== undefined) for (const scope of challenge.parameters.scope.split(' ')) this.#scopes.add(scope);
    this.#authorization = (await authorize(http, challenge, [...this.#scopes].join(' '), auth, signal)) ?? this.#authorization;
  }
}

function isStumble(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501);
}

/** Nobody listens there, or the name means nothing: trying again at once won't help. */
function isRefused(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return (
    !(cause instanceof Error) ||
    ['ECONNREFUSED', 'ENOTFOUND', 'EPROTO', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'].includes(String(code))
  );
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
