import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { type ApiHandler, type ApiRequest, type ApiResponse, type KubeList, StatusError, type Status, type WatchEvent } from '#cluster/api';
import { ApiUnreachableError, UnexpectedAnswerError } from './errors.ts';
import { handlerClient } from './handler-client.ts';
import { readLines } from './lines.ts';
import { patiently } from './retry-after.ts';
import type { ClusterClient, ServerAccess } from './types.ts';
import { pathOf } from './url.ts';

const METHODS: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};
const READING: ReadonlySet<ApiRequest['verb']> = new Set(['get', 'list', 'watch']);
const KEEP_ALIVE_MS = 15_000;
const ANSWER_MAX_MS = 30_000;
const NOBODY = { name: '', groups: [] };

/** A client of an API server over HTTPS with keep-alive; it waits where the server says so. Errors: `StatusError`s of the server, `API_UNREACHABLE`. */
export function httpClient(access: ServerAccess): ClusterClient {
  const handler = new HttpHandler(access);
  return handlerClient(handler, NOBODY, () => handler.close());
}

/** Turns requests into HTTP and its answers back. Who asks is said by the access's certificate or token. */
class HttpHandler implements ApiHandler {
  readonly #access: ServerAccess;
  readonly #agent: Agent;

  constructor(access: ServerAccess) {
    this.#access = access;
    this.#agent = new Agent({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, ...tlsOptions(access) });
  }

  close(): void {
    this.#agent.destroy();
  }

  async handle(request: ApiRequest): Promise<ApiResponse> {
    const response = await patiently(() => this.#exchange(request), request.signal);
    const status = response.statusCode ?? 0;
    if (request.verb === 'watch' && status === 200) return { kind: 'watch', events: watchEvents(response) };
    const body = await readJsonBody(response, `${request.verb} ${request.resource.resource}`);
    if (status >= 400) throw statusError(status, body);
    // A list is told by its verb; the server answers lists with a list.
    if (request.verb === 'list' || request.verb === 'deletecollection') return { kind: 'list', list: withItems(body as KubeList) };
    return { kind: 'object', status, object: body };
  }

  async #exchange(request: ApiRequest): Promise<IncomingMessage> {
    const { server } = this.#access;
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const headers = {
      accept: 'application/json',
      'user-agent': this.#access.userAgent ?? 'gantry',
      ...(await authorization(this.#access)),
      ...(body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json', 'content-length': String(body.length) }),
    };
    return await new Promise((resolve, reject) => {
      const sent = httpsRequest(new URL(pathOf(request), server), {
        agent: this.#agent,
        method: METHODS[request.verb] ?? 'GET',
        headers,
        ...(request.signal ? { signal: request.signal } : {}),
      });
      // A peer that vanished without a word is noticed: on watches by the kernel, elsewhere by the missing answer.
      sent.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
      if (request.verb !== 'watch') sent.setTimeout(ANSWER_MAX_MS, () => sent.destroy(new Error(`no answer within ${ANSWER_MAX_MS / 1000} s`)));
      sent.on('response', resolve);
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // A connection that was kept open was ended by the server at that very moment: whoever only reads asks by another one.
        if (sent.reusedSocket && error.code === 'ECONNRESET' && READING.has(request.verb)) resolve(this.#exchange(request));
        else reject(new ApiUnreachableError(server, `${request.verb} ${request.resource.resource}`, error));
      });
      sent.end(body);
    });
  }
}

/** The header that says who asks, where a token does. */
export async function authorization({ token }: ServerAccess): Promise<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${typeof token === 'string' ? token : await token()}` };
}

/** What TLS needs of the access. */
export function tlsOptions({ ca, cert, key, insecureSkipTlsVerify, tlsServerName }: ServerAccess): object {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
    ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
  };
}

async function* watchEvents(response: IncomingMessage): AsyncGenerator<WatchEvent> {
  for await (const line of readLines(response)) {
    // One line is one event, in the server's own form.
    yield JSON.parse(line) as WatchEvent;
  }
}

async function readJsonBody(response: IncomingMessage, what: string): Promise<unknown> {
  const parts: Buffer[] = [];
  // An IncomingMessage without an encoding gives Buffers.
  for await (const part of response) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: the caller is told what came instead.
    throw new UnexpectedAnswerError(what, `HTTP ${response.statusCode} with the text "${text.slice(0, 200).trim()}"`);
  }
}

/** The error that a Status body stands for; of other bodies only the HTTP status is told. */
export function statusError(status: number, body: unknown): StatusError {
  // Read field by field below.
  const { reason, message, details } = (typeof body === 'object' && body !== null ? body : {}) as Partial<Status>;
  return new StatusError(status, reason ?? 'Unknown', message ?? `the server answered HTTP ${status}`, details);
}

/** In lists over HTTP the items may come without kind and apiVersion, as Kubernetes leaves them out. */
function withItems(list: KubeList): KubeList {
  const kind = list.kind.replace(/List$/, '');
  const items = (list.items ?? []).map((item) => (item.kind === undefined ? { ...item, apiVersion: list.apiVersion, kind } : item));
  return { ...list, items };
}
