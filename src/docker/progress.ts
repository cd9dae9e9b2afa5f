import { GantryError, messageOf } from '#kit';
import type { TransferOptions, TransferProgress } from '#image';
import { badRequest } from './errors.ts';
import type { Call } from './http.ts';
import { isObject } from './json.ts';

const WAITING_BYTES_MAX = 4 * 2 ** 20;

/** A stream of JSON lines as pull, push, import and build answer. The headers go out with the first line, so that an early error is still a status. */
export class JsonLines {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Resolves when the client has room for more; who cannot wait is cut at `WAITING_BYTES_MAX`. */
  async send(line: object): Promise<void> {
    const { response } = this.#call;
    if (response.destroyed) return;
    if (!response.headersSent) this.#call.begin('application/json');
    if (response.writableLength > WAITING_BYTES_MAX) response.destroy(new GantryError('CLIENT_TOO_SLOW', 500, 'the client does not read its output'));
    else await this.#call.write(`${JSON.stringify(line)}\r\n`);
  }

  /** An error after the first line becomes a line; before it the router answers with its status. */
  fail(error: unknown, code?: number): void {
    if (!this.#call.response.headersSent) throw error;
    const message = messageOf(error);
    void this.send({ errorDetail: { ...(code === undefined ? {} : { code }), message }, error: message });
    this.#call.response.end();
  }

  end(): void {
    if (!this.#call.response.headersSent) this.#call.begin('application/json');
    this.#call.response.end();
  }
}

/** A step of a transfer as Docker's clients draw it. */
export function progressLine(step: TransferProgress): object {
  const { id, status, current_bytes, total_bytes } = step;
  return {
    status,
    ...(id === undefined ? {} : { id }),
    progressDetail: { ...(current_bytes === undefined ? {} : { current: current_bytes }), ...(total_bytes === undefined ? {} : { total: total_bytes }) },
  };
}

/** Credentials of `X-Registry-Auth` (base64url JSON). */
export function registryAuth(header: string | undefined): TransferOptions['auth'] {
  if (header === undefined || header === '') return undefined;
  const value = decode(header, 'X-Registry-Auth');
  return credentials(value);
}

/** `X-Registry-Config` of a build: credentials by registry. */
export function registryConfig(header: string | undefined): (registry: string) => TransferOptions['auth'] {
  const config = header === undefined || header === '' ? {} : decode(header, 'X-Registry-Config');
  return (registry) => {
    const entry = config[registry] ?? config[`https://${registry}`] ?? (registry === 'docker.io' ? config['https://index.docker.io/v1/'] : undefined);
    return isObject(entry) ? credentials(entry) : undefined;
  };
}

function decode(header: string, name: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch (error) {
    throw badRequest(`invalid ${name} header: it must be JSON in base64url`, error);
  }
  return isObject(value) ? value : {};
}

/** The credentials of an AuthConfig, whichever form they have; undefined when it has none. */
export function credentials(value: Readonly<Record<string, unknown>>): TransferOptions['auth'] {
  const { username, password, identitytoken, registrytoken } = value;
  if (typeof registrytoken === 'string' && registrytoken !== '') return { registryToken: registrytoken };
  if (typeof identitytoken === 'string' && identitytoken !== '') return { identityToken: identitytoken };
  if (typeof username === 'string' && username !== '' && typeof password === 'string') return { username, password };
  return undefined;
}
