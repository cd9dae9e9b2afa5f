import { type IncomingHttpHeaders, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** The body as JSON; undefined when there is none. */
  readonly json: unknown;
}
export interface Asked {
  /** An object goes as JSON, bytes and text as they are. */
  readonly body?: object | string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request to the Engine API, to the end of its answer. */
export function engineRequest(socketPath: string, method: string, path: string, { body, headers = {} }: Asked = {}): Promise<Answer> {
  const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const type = raw === undefined ? {} : { 'Content-Type': 'application/json' };
    const sent = request({ socketPath, method, path, headers: { ...type, ...headers } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => {
        const bytes = Buffer.concat(chunks);
        const isJson = answer.headers['content-type'] === 'application/json';
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, json: isJson ? jsonOf(bytes) : undefined });
      });
    });
    sent.once('error', reject);
    sent.end(raw);
  });
}

function jsonOf(bytes: Buffer): unknown {
  const text = bytes.toString().trim();
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    // A stream of several values.
    return text.split('\n').map((line): unknown => JSON.parse(line));
  }
}

/** A value inside of JSON by its path; `*` is the first of whatever there is. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => {
    if (typeof inner !== 'object' || inner === null) return undefined;
    const entries = Object.entries(inner);
    return key === '*' ? entries[0]?.[1] : entries.find(([name]) => name === key)?.[1];
  }, value);
}
