import { watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LogLine, LogQuery } from '#kit';
import type { LogSet } from './log-set.ts';
import { parseRecord, RecordReader, TailFinder } from './record.ts';

const BLOCK_BYTES = 64 * 1024;

/** Whether more can still come. */
export interface LogSource {
  ended(): boolean;
  onEnd(listener: () => void): Disposable;
}

/** Lines of a container's log, the oldest file first; with `follow` until the container has ended and the log was read to its end. */
export async function* readLog(set: LogSet, query: LogQuery, source: LogSource): AsyncIterable<LogLine> {
  const reader = new LogReader(await set.open());
  try {
    if (query.tail !== undefined) await reader.skipToTail(query.tail);
    if (query.follow) yield* follow(set, reader, query, source);
    else yield* within(reader.rest(), query);
  } finally {
    await reader.close();
  }
}

async function* follow(set: LogSet, reader: LogReader, query: LogQuery, source: LogSource): AsyncIterable<LogLine> {
  const bell = new Bell();
  const watcher = watch(dirname(set.path), { persistent: false }, (_kind, name) => {
    if (name === null || set.has(name)) bell.ring();
  });
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
      if (await reader.goOn(set)) continue;
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

/** Reads files one after the other, and on from where it stopped. Files that were read are closed, but for the last one. */
class LogReader {
  readonly #files: FileHandle[];
  readonly #records = new RecordReader();
  #position = 0;

  constructor(files: readonly FileHandle[]) {
    this.#files = [...files];
  }

  async *rest(): AsyncIterable<LogLine> {
    for (;;) {
      const [file] = this.#files;
      if (file === undefined) return;
      const buffer = Buffer.alloc(BLOCK_BYTES);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#position);
      this.#position += bytesRead;
      for (const record of this.#records.push(buffer.subarray(0, bytesRead))) {
        const line = parseRecord(record);
        if (line) yield line;
      }
      if (bytesRead > 0) continue;
      if (this.#files.length === 1) return;
      await this.#files.shift()?.close();
      this.#position = 0;
    }
  }

  /** Takes up the files that were begun since; whatever was still written to the one at hand is read before them. */
  async goOn(set: LogSet): Promise<boolean> {
    const [file] = this.#files;
    const inode = file === undefined ? -1 : (await file.stat()).ino;
    const newer = await set.newerThan(inode);
    this.#files.push(...newer);
    return newer.length > 0;
  }

  /** Goes to where the last `lines` lines begin, read from the end backwards. */
  async skipToTail(lines: number): Promise<void> {
    const sizes = await Promise.all(this.#files.map(async (file) => (await file.stat()).size));
    let { index, offset } = await tailStart(this.#files, sizes, lines);
    // Where a line begins at the very end of a file, it is the next one's first.
    while (index < this.#files.length - 1 && offset >= (sizes[index] ?? 0)) {
      offset -= sizes[index] ?? 0;
      index += 1;
    }
    await Promise.all(this.#files.splice(0, index).map((file) => file.close()));
    this.#position = offset;
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.splice(0).map((file) => file.close()));
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

async function tailStart(files: readonly FileHandle[], sizes: readonly number[], lines: number): Promise<{ index: number; offset: number }> {
  const finder = new TailFinder(lines);
  if (lines === 0) return { index: Math.max(0, files.length - 1), offset: sizes.at(-1) ?? 0 };
  for (const [index, file] of [...files.entries()].reverse()) {
    let end = sizes[index] ?? 0;
    while (end > 0) {
      const start = Math.max(0, end - BLOCK_BYTES);
      const block = Buffer.alloc(end - start);
      await file.read(block, 0, block.length, start);
      const before = finder.before(block, start === 0 && index === 0);
      if (before !== undefined) return { index, offset: start + before };
      end = start;
    }
  }
  return { index: 0, offset: 0 };
}
