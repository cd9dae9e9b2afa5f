import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:https';

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The text, parsed. */
  json(): unknown;
}
export interface Https {
  /** One request by a connection of its own, as the bearer of `word`. */
  (method: string, path: string, headers?: Record<string, string | readonly string[]>, body?: string | Buffer): Promise<HttpsAnswer>;
  /** The answer while it still comes; destroy it. */
  open(path: string, headers?: Record<string, string>): Promise<IncomingMessage>;
  /** That many lines of a stream, parsed; then it is let go. */
  lines(path: string, count: number, headers?: Record<string, string>): Promise<unknown[]>;
}

/** Requests to a server of a test, in the name of a bearer token. */
export function httpsOf(url: string, word: string): Https {
  const send = (method: string, path: string, headers: Record<string, string | readonly string[]> = {}, body?: string | Buffer) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const options = { method, rejectUnauthorized: false, agent: false, headers: { authorization: `Bearer ${word}`, ...headers } };
      const sent = request(url + path, options, resolve);
      sent.once('error', reject);
      sent.end(body);
    });
  const call = async (...args: Parameters<typeof send>): Promise<HttpsAnswer> => {
    const response = await send(...args);
    const bytes = Buffer.concat(await response.toArray());
    const text = bytes.toString();
    return { status: response.statusCode ?? 0, headers: response.headers, bytes, text, json: () => JSON.parse(text) as unknown };
  };
  return Object.assign(call, {
    open: (path: string, headers: Record<string, string> = {}) => send('GET', path, headers),
    lines: async (path: string, count: number, headers: Record<string, string> = {}) => {
      const response = await send('GET', path, headers);
      const lines: unknown[] = [];
      let text = '';
      for await (const chunk of response) {
        text += String(chunk);
        for (let end = text.indexOf('\n'); end >= 0 && lines.length < count; end = text.indexOf('\n')) {
          lines.push(JSON.parse(text.slice(0, end)));
          text = text.slice(end + 1);
        }
        if (lines.length >= count) break;
      }
      response.destroy();
      return lines;
    },
  });
}

/** What stands there in parsed JSON: `at(value, 'items.0.metadata.name')`. */
export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const part of path.split('.')) found = typeof found === 'object' && found !== null ? Reflect.get(found, part) : undefined;
  return found;
}
