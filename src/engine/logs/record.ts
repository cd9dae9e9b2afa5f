import type { LogLine } from '#kit';

const [SPACE, NEWLINE, P] = [0x20, 0x0a, 0x50];
const LINE_END = Buffer.from('\n');

/** One record of the Kubernetes log format, without its newline: `TIME STREAM P|F CONTENT`. Undefined when it is none. */
export function parseRecord(record: Buffer): LogLine | undefined {
  const first = record.indexOf(SPACE);
  const second = first < 0 ? -1 : record.indexOf(SPACE, first + 1);
  if (second < 0) return undefined;
  const stream = record.toString('latin1', first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const partial = isPartial(record);
  const content = record.subarray(second + 3);
  return { time: inUtc(record.toString('latin1', 0, first)), stream, content: partial ? content : Buffer.concat([content, LINE_END]), partial };
}

/** The monitor writes the machine's time with its offset; those who read logs expect UTC. The fraction stays as it is. */
function inUtc(time: string): string {
  const match = /^(.*T\d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d:\d\d)$/.exec(time);
  if (match === null) return time;
  const [, seconds = '', fraction = '', offset = ''] = match;
  const utc = offset === '+00:00' ? seconds : new Date(`${seconds}${offset}`).toISOString().slice(0, 19);
  return `${utc}${fraction}Z`;
}

function isPartial(record: Buffer): boolean {
  const first = record.indexOf(SPACE);
  const second = record.indexOf(SPACE, first + 1);
  return record[second + 1] === P;
}

/** Cuts a stream of bytes into records. */
export class RecordReader {
  #rest: Buffer = Buffer.alloc(0);

  *push(bytes: Buffer): Iterable<Buffer> {
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      const piece = bytes.subarray(from, at);
      yield this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
      this.#rest = Buffer.alloc(0);
      from = at + 1;
    }
    if (from < bytes.length) this.#rest = Buffer.concat([this.#rest, bytes.subarray(from)]);
  }
}

/**
 * Finds where the last lines begin, from blocks that are given from the file's last to its first. A line is one record that
 * ends it (`F`) with the partial ones (`P`) before it.
 */
export class TailFinder {
  readonly #wanted: number;
  #lines = 0;
  #isLast = true;
  /** The end of the record whose beginning is in an earlier block. */
  #carry: Buffer = Buffer.alloc(0);

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  /** Offset in this block (or behind it) at which the wanted lines begin; undefined when they begin earlier. */
  before(block: Buffer, isFirstBlock: boolean): number | undefined {
    const text = Buffer.concat([block, this.#carry]);
    let end = text.length;
    for (let at = newlineBefore(text, end); at >= 0; at = newlineBefore(text, at)) {
      if (at + 1 < end && this.#isOneTooMany(text.subarray(at + 1, end))) return end;
      end = at + 1;
    }
    if (isFirstBlock && end > 0 && this.#isOneTooMany(text.subarray(0, end))) return end;
    this.#carry = Buffer.from(text.subarray(0, end));
    return undefined;
  }

  #isOneTooMany(record: Buffer): boolean {
    if (this.#isLast || !isPartial(record)) this.#lines += 1;
    this.#isLast = false;
    return this.#lines > this.#wanted;
  }
}

/** The newline that ends the record before the one that ends at `end`. */
function newlineBefore(text: Buffer, end: number): number {
  return end < 2 ? -1 : text.lastIndexOf(NEWLINE, end - 2);
}
