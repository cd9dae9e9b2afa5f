import { watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isSystemError, type LogLine, type LogQuery } from '#kit';
import { parseRecord, RecordReader, TailFinder } from './record.ts';

const BLOCK_BYTES = 64 * 1024;

/** Whether more can still come. */
export interface LogSource {
  ended(): boolean;
  onEnd(listener: () => void): Disposable;
}

/** Lines of a container's log; with `follow` until the container has ended and the log was read to its end. */
export async function* readLog(path: string, query: LogQuery, source: LogSource): AsyncIterable<LogLine> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return;
    throw error;
  }
  try {
    const start = query.tail === undefined ? 0 : await tailStart(file, query.tail);
    const reader = new LogFile(file, start);
    if (query.follow) yield* follow(path, reader, query, source);
    else yield* within(reader.rest(), query);
  } finally {
    await file.close();
  }
}

async function* follow(path: string, reader: LogFile, query: LogQuery, source: LogSource): AsyncIterable<LogLine> {
  const bell = new Bell();
  const watcher = watch(path, { persistent: false }, () => bell.ring());
  watcher.on('error', () => bell.ring());
  using _ending = source.onEnd(() => bell.ring());
  const onAbort = () => bell.ring();
  query.signal?.addEventListener('abort', onAbort);
  try {
    for (;;) {
      const isOver = source.ended() || query.signal?.aborted;
      for await (const line of within(reader.rest(), query)) {
        if (query.signal?.aborted) return;
        yield line;
      }
      if (isOver) return;
      await bell.rung();
    }
  } finally {
    query.signal?.removeEventListener('abort', onAbort);
    watcher.close();
  }
}

/** Rings that come while nobody waits are remembered. */
class Bell {
  #isRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  async rung(): Promise<void> {
    if (!this.#isRung) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    this.#isRung = false;
  }
}

/** Reads on from where it stopped. */
class LogFile {
  readonly #file: FileHandle;
  readonly #records = new RecordReader();
  #position: number;

  constructor(file: FileHandle, position: number) {
    this.#file = file;
    this.#position = position;
  }

  async *rest(): AsyncIterable<LogLine> {
    for (;;) {
      const buffer = Buffer.alloc(BLOCK_BYTES);
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      for (const record of this.#records.push(buffer.subarray(0, bytesRead))) {
        const line = parseRecord(record);
        if (line) yield line;
      }
    }
  }
}

async function* within(lines: AsyncIterable<LogLine>, { since_ms, until_ms }: LogQuery): AsyncIterable<LogLine> {
  for await (const line of lines) {
    if (since_ms !== undefined || until_ms !== undefined) {
      const time_ms = Date.parse(line.time);
      if (since_ms !== undefined && time_ms < since_ms) continue;
      if (until_ms !== undefined && time_ms > until_ms) return;
    }
    yield line;
  }
}

/** Where the last `lines` lines begin, read from the end backwards. */
async function tailStart(file: FileHandle, lines: number): Promise<number> {
  const finder = new TailFinder(lines);
  let end = (await file.stat()).size;
  if (lines === 0) return end;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const block = Buffer.alloc(end - start);
    await file.read(block, 0, block.length, start);
    const before = finder.before(block, start === 0);
    if (before !== undefined) return start + before;
    end = start;
  }
  return 0;
}
