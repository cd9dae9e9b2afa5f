import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { GantryError, isSystemError, nodeHttp } from '#kit';
import { CommandError } from '../errors.ts';
import { readJson, readLines } from './json-lines.ts';

/** What the Docker API answered where it refused; `status` is its HTTP status. */
export class DockerError extends GantryError {
  constructor(status: number, message: string) {
    super('DOCKER', status, message);
  }
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
export interface DockerRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its parts percent-encoded (`nameInPath`). */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON; a stream as it is. */
  readonly body?: object;
  readonly stream?: { readonly content: Readable; readonly type: string };
  readonly headers?: Readonly<Record<string, string>>;
}

/** An image's or container's name as a part of a path: slashes stay. */
export function nameInPath(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}

/** The Docker Engine API on a unix socket, in the version that the server prefers. */
export class DockerClient {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Answers with the response once its headers came. Errors: `DockerError`, `COMMAND_FAILED` when nobody answers. */
  async request(asked: DockerRequest): Promise<IncomingMessage> {
    const { stream } = asked;
    const { response, sent } = await new Promise<{ response: IncomingMessage; sent: ClientRequest }>((resolve, reject) => {
      const sent = this.#open(asked, reject);
      sent.on('response', (response) => resolve({ response, sent }));
      if (stream === undefined) sent.end(asked.body === undefined ? undefined : JSON.stringify(asked.body));
      else {
        stream.content.on('error', (error) => sent.destroy(error));
        stream.content.pipe(sent);
      }
    });
    if ((response.statusCode ?? 0) < 400) return response;
    const error = await refusal(response);
    // What it refused it does not read to the end.
    stream?.content.destroy();
    sent.destroy();
    throw error;
  }

  /** The JSON of an answer; T is what the specification says that it is. */
  async json<T>(asked: DockerRequest): Promise<T> {
    // The specification of the API names the type; the caller wrote down the fields that it reads.
    return (await readJson(await this.request(asked))) as T;
  }

  /** For what is asked for its effect only. */
  async done(asked: DockerRequest): Promise<void> {
    (await this.request(asked)).resume();
  }

  /** The lines of an answer that is a stream of JSON. */
  async *lines<T>(asked: DockerRequest): AsyncGenerator<T> {
    // As with json().
    for await (const line of readLines(await this.request(asked))) yield JSON.parse(line) as T;
  }

  /** Turns a POST into a connection of bytes in both directions: attach and exec. Errors as with `request`. */
  hijack(asked: Pick<DockerRequest, 'path' | 'query' | 'body'>): Promise<Duplex> {
    const body = asked.body === undefined ? '' : JSON.stringify(asked.body);
    const headers = { Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Length': String(Buffer.byteLength(body)) };
    return new Promise((resolve, reject) => {
      const sent = this.#open({ ...asked, method: 'POST', headers }, reject);
      sent.on('upgrade', (_response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      sent.on('response', (response) => {
        if ((response.statusCode ?? 0) >= 400) refusal(response).then(reject, reject);
        else reject(new DockerError(500, `Cannot attach: the server answered ${response.statusCode} where a connection should be upgraded`));
      });
      sent.end(body);
    });
  }

  #open(asked: DockerRequest, reject: (error: Error) => void): ClientRequest {
    const { method, headers, body, stream } = asked;
    const path = `${asked.path}${queryText(asked.query ?? {})}`;
    const type = stream?.type ?? (body === undefined ? undefined : 'application/json');
    const sent = nodeHttp().request({
      socketPath: this.#socketPath,
      method,
      path,
      headers: { Host: 'docker', ...(type === undefined ? {} : { 'Content-Type': type }), ...headers },
    });
    return sent.on('error', (error) => reject(this.#explain(error)));
  }

  #explain(error: Error): Error {
    const where = this.#socketPath;
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ECONNREFUSED'))
      return new CommandError(`No daemon answers at ${where}. Start one with "gantry up --detach", or name another socket with --docker-socket PATH`);
    if (isSystemError(error, 'EACCES'))
      return new CommandError(`This user may not use the Docker socket ${where}. Run the command as its owner or in its group`);
    if (isSystemError(error, 'ECONNRESET') || isSystemError(error, 'EPIPE'))
      return new CommandError(`The daemon at ${where} broke off the connection; see its log`);
    return error;
  }
}

/** The query of an address; what is undefined or false is left out. */
function queryText(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, one === true ? '1' : String(one));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

async function refusal(response: IncomingMessage): Promise<DockerError> {
  const parts: Buffer[] = [];
  // A response without an encoding gives Buffers.
  for await (const part of response) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString('utf8').trim();
  return new DockerError(response.statusCode ?? 500, messageIn(text) ?? (text === '' ? `The server answered ${response.statusCode}` : text));
}

function messageIn(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : undefined;
  } catch {
    // No JSON: the text itself is told.
    return undefined;
  }
}
