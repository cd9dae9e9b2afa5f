import { request as requestTls } from 'node:https';
import { nodeHttp } from '#kit';

const PATIENCE_MS = 10_000;

/** Sends a body; resolves once it was taken (2xx). Rejects with what went wrong. */
export function post(url: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { request } = url.startsWith('https:') ? { request: requestTls } : nodeHttp();
  const sending = request(url, { method: 'POST', headers: { ...headers, 'content-length': body.length }, timeout: PATIENCE_MS }, (response) => {
    response.resume();
    const { statusCode = 0 } = response;
    response.once('end', () => (statusCode >= 200 && statusCode < 300 ? resolve() : reject(new Error(`it answers ${statusCode}`))));
    response.once('error', reject);
  });
  sending.once('timeout', () => sending.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
  sending.once('error', reject);
  sending.end(body);
  return promise;
}
