/**
 * Requests on new connections, run inside a daemon's namespaces: `load-generator.ts WORKERS LEAST MOST URL...`. It goes on until
 * its input ends and at least LEAST requests were made, and never beyond MOST; no request is tried twice. Its answer is one line
 * of JSON.
 */
import { connect } from 'node:net';
import { systemClock } from '#kit';

const PATIENCE_MS = 5_000;
const PAUSE_MS = 2;
/** Where none is answered there is nothing to measure. */
const FAILURES_FIRST_MAX = 50;
const [workers = '', least = '', most = '', ...urls] = process.argv.slice(2);

let isOver = false;
let [count, answered] = [0, 0];
const failures: string[] = [];
const answers = new Map<string, number>();
process.stdin.on('end', () => {
  isOver = true;
});
process.stdin.resume();

await Promise.all(Array.from({ length: Number(workers) }, work));
process.stdout.write(`${JSON.stringify({ count, failures, answers: Object.fromEntries(answers) })}\n`);

async function work(): Promise<void> {
  while (count < Number(most) && !(isOver && count >= Number(least)) && (answered > 0 || failures.length < FAILURES_FIRST_MAX)) {
    const url = new URL(urls[count % urls.length] ?? '');
    count += 1;
    const began_ms = systemClock.monotonic();
    try {
      const answer = await get(url);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      if (answered++ === 0) process.stderr.write('begun\n');
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      const at = new Date(systemClock.now()).toISOString().slice(14, 23);
      failures.push(`${at} ${url.host}: ${words} after ${Math.round(systemClock.monotonic() - began_ms)} ms`);
    }
    await systemClock.sleep(PAUSE_MS);
  }
}

/** One GET on a connection of its own: the body. An end before the whole answer is a failure, like every other status than 200. */
function get(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname, port: Number(url.port || 80), noDelay: true });
    let text = '';
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('no answer in time')));
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`));
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const body = /^HTTP\/1\.[01] 200 [^]*?\r?\n\r?\n([^]+)$/.exec(text)?.[1];
      if (body === undefined) reject(new Error(`the answer was ${JSON.stringify(text.slice(0, 60))}`));
      else resolve(body.trim());
    });
  });
}
