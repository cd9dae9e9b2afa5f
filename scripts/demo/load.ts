import { get } from 'node:http';

export interface LoadResult {
  /** How often each answer came. */
  readonly answers: ReadonlyMap<string, number>;
  readonly failures: readonly string[];
}
export interface Load {
  /** Resolves when so many requests were answered or failed, or the load was stopped. */
  reached(count: number): Promise<void>;
  stop(): Promise<void>;
  result(): LoadResult;
}

const REQUESTS_MAX = 200_000;
const PATIENCE_MS = 10_000;

/** Asks again and again, each time on a new connection, until it is stopped or has asked 200,000 times. */
export function startLoad(url: string, options: { readonly workers: number; readonly signal: AbortSignal }): Load {
  const stopping = new AbortController();
  const signal = AbortSignal.any([stopping.signal, options.signal]);
  const answers = new Map<string, number>();
  const failures: string[] = [];
  const waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();
  let done = 0;
  const work = async () => {
    while (!signal.aborted && done < REQUESTS_MAX) {
      try {
        const answer = await ask(url);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
      done += 1;
      for (const waiter of waiting) if (done >= waiter.count) waiter.resolve();
    }
    for (const waiter of waiting) waiter.resolve();
  };
  const workers = Array.from({ length: options.workers }, work);
  return {
    reached: (count) => (done >= count ? Promise.resolve() : new Promise((resolve) => waiting.add({ count, resolve }))),
    async stop() {
      stopping.abort();
      await Promise.all(workers);
    },
    result: () => ({ answers, failures }),
  };
}

function ask(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = get(url, { agent: false, timeout: PATIENCE_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => (response.statusCode === 200 ? resolve(text.trim()) : reject(new Error(`answered ${response.statusCode}`))));
      response.on('error', reject);
    });
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    asking.on('error', reject);
  });
}
