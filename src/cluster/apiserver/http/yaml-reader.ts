import { Worker } from 'node:worker_threads';
import { KeyedMutex } from '#kit';
import type { Body } from './body-value.ts';

/** What the thread that reads a text says. */
export type YamlAnswer = { readonly body: Body } | { readonly problem: string };

/** A text of that size keeps its reader busy for 20 ms, as long as the event loop may be away. A thread begins in three times that. */
const THREAD_FROM_BYTES = 32 * 1024;
const HEAP_MB_MAX = 1024;
const ONE_AT_A_TIME = 'yaml';

/** Reads YAML; large texts in a thread, one after the other. */
export class YamlReader {
  readonly #turns = new KeyedMutex();

  /** The parser is loaded when the first client sends YAML: most never do, and a start is quicker without. Errors: those of `readYaml`. */
  async read(bytes: Buffer): Promise<Body> {
    const text = bytes.toString('utf8');
    if (bytes.length >= THREAD_FROM_BYTES) return await this.#turns.run(ONE_AT_A_TIME, () => readInThread(text));
    const { readYaml } = await import('./yaml-text.ts');
    return readYaml(text);
  }
}

async function readInThread(text: string): Promise<Body> {
  const limits = { maxOldGenerationSizeMb: HEAP_MB_MAX };
  const thread = new Worker(new URL('./yaml-worker.ts', import.meta.url), { name: 'gantry-yaml', execArgv: [], workerData: text, resourceLimits: limits });
  try {
    const ended = Promise.withResolvers<YamlAnswer>();
    thread.once('message', ended.resolve).once('error', ended.reject);
    thread.once('exit', (code) => ended.reject(new Error(`the thread that reads it ended with ${code}`)));
    const answer = await ended.promise;
    if ('problem' in answer) throw new Error(answer.problem);
    return answer.body;
  } finally {
    await thread.terminate();
  }
}
