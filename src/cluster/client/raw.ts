import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { ApiRequest } from '#cluster/api';
import { ApiUnreachableError, UnexpectedAnswerError } from './errors.ts';
import { authorization, tlsOptions } from './http-handler.ts';
import { readLines } from './lines.ts';
import { refusal } from './pod-streams.ts';
import { patiently } from './retry-after.ts';
import type { ServerAccess } from './types.ts';
import { pathOf } from './url.ts';

/** A request by its path (discovery), or by the resource that it is about. */
export interface RawRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string | Pick<ApiRequest, 'resource' | 'namespace' | 'name' | 'subresource' | 'query'>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** Tables and aggregated discovery are asked for by it; JSON without it. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
}
export interface RawAnswer {
  readonly status: number;
  readonly body: unknown;
  /** What the server's `Warning` headers say. */
  readonly warnings: readonly string[];
}
/** The API over HTTPS for what is not objects of one resource: discovery, tables, and the status of an answer. */
export interface RawClient {
  /** Errors: `StatusError`, `API_UNREACHABLE`, `UNEXPECTED_ANSWER`. */
  json(request: RawRequest): Promise<RawAnswer>;
  /** The JSON of each line, until the server ends or the signal aborts. Errors as with `json`. */
  lines(request: RawRequest): AsyncGenerator<unknown>;
  close(): void;
}

/** A client over HTTPS with keep-alive. */
export function rawClient(access: ServerAccess): RawClient {
  const agent = new Agent({ keepAlive: true, ...tlsOptions(access) });
  return {
    async json(request) {
      const response = await exchange(access, agent, request);
      const text = Buffer.concat(await response.toArray()).toString('utf8');
      return { status: response.statusCode ?? 0, body: parse(text, request), warnings: warningsOf(response) };
    },
    async *lines(request) {
      const response = await exchange(access, agent, request);
      for await (const line of readLines(response)) yield parse(line, request);
    },
    close: () => agent.destroy(),
  };
}

async function exchange(access: ServerAccess, agent: Agent, request: RawRequest): Promise<IncomingMessage> {
  const response = await patiently(() => send(access, agent, request), request.signal);
  if ((response.statusCode ?? 0) >= 400) throw await refusal(response);
  return response;
}

async function send(access: ServerAccess, agent: Agent, request: RawRequest): Promise<IncomingMessage> {
  const { method = 'GET', contentType, accept, signal } = request;
  const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
  const identity = await authorization(access);
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = httpsRequest(new URL(pathText(request), access.server), {
      agent,
      method,
      headers: {
        accept: accept ?? 'application/json',
        'user-agent': access.userAgent ?? 'gantry',
        ...identity,
        ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json', 'content-length': String(body.length) }),
      },
      ...(signal ? { signal } : {}),
    });
    sent.on('response', resolve);
    sent.on('error', (error) => reject(new ApiUnreachableError(access.server, `${method} ${pathText(request)}`, error)));
    sent.end(body);
  });
}

const pathText = ({ path }: RawRequest): string => (typeof path === 'string' ? path : pathOf(path));

function parse(text: string, request: RawRequest): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: the caller is told what came instead.
    throw new UnexpectedAnswerError(pathText(request), `the text "${text.slice(0, 200).trim()}"`);
  }
}

/** The texts of `299 - "…"` headers. */
function warningsOf(response: IncomingMessage): readonly string[] {
  const header = response.headers.warning ?? '';
  return Array.from(header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g), ([, text = '']) => text.replace(/\\(.)/g, '$1'));
}
