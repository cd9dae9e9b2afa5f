/** From here on a part is worth a mention: fewer bytes are copied sooner than pointed at. */
const SHARED_MIN = 96;
/** Texts that differ in more places than that, one close behind the other, have lost each other. */
const MISSES_MAX = 16;
const QUOTE = 0x22;
const COMMA = 0x2c;

/**
 * A text of JSON that is held by what it has of its own: the rest is where another text has the same. Objects that one template made differ in a few
 * words only. What is its own is held as a string of its bytes (latin1), which costs less than a buffer.
 */
export class PackedText {
  readonly length: number;
  readonly #like: Buffer | undefined;
  /** In order: bytes of its own, or from where to where they stand in the other text. */
  readonly #parts: readonly (string | number)[];

  private constructor(length: number, parts: readonly (string | number)[], like?: Buffer) {
    this.length = length;
    this.#parts = parts;
    this.#like = like;
  }

  /** `like`: the text that it may share parts of; it must never change. */
  static of(text: Buffer, like?: Buffer): PackedText {
    if (like === undefined) return new PackedText(text.length, [text.toString('latin1', 0, text.length)]);
    if (like === text) return new PackedText(text.length, [0, text.length], like);
    const parts: (string | number)[] = [];
    let own = 0;
    for (const [at, there, length] of shared(text, like)) {
      if (at > own) parts.push(text.toString('latin1', own, at));
      parts.push(there, there + length);
      own = at + length;
    }
    if (own < text.length) parts.push(text.toString('latin1', own, text.length));
    return new PackedText(text.length, parts, like);
  }

  /** How much of it stands nowhere else. */
  get own(): number {
    return this.#parts.reduce<number>((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
  }

  /** Bytes as latin1. */
  beginsWith(head: string): boolean {
    const [first] = this.#parts;
    if (typeof first === 'string' && first.length >= head.length) return first.startsWith(head);
    const bytes = this.bytes;
    return bytes.toString('latin1', 0, head.length) === head;
  }

  /** Writes all of it but its first bytes; answers where it ends. */
  writeTo(target: Buffer, start: number, skip = 0): number {
    let [at, left] = [start, skip];
    for (let index = 0; index < this.#parts.length; index += 1) {
      const part = this.#parts[index];
      if (typeof part === 'string') {
        if (left < part.length) at += target.write(left === 0 ? part : part.slice(left), at, 'latin1');
        left = Math.max(0, left - part.length);
      } else {
        index += 1;
        // Numbers come in pairs, and only where there is another text.
        const [from, to] = [part as number, this.#parts[index] as number];
        if (left < to - from) at += this.#like?.copy(target, at, from + left, to) ?? 0;
        left = Math.max(0, left - (to - from));
      }
    }
    return at;
  }

  get bytes(): Buffer {
    const bytes = Buffer.allocUnsafe(this.length);
    this.writeTo(bytes, 0);
    return bytes;
  }
}

type Shared = readonly [at: number, there: number, length: number];

/** What two texts have in common, in order: from both ends, past words that differ. */
function shared(text: Buffer, like: Buffer): readonly Shared[] {
  const found: Shared[] = [];
  let [at, there, misses] = [0, 0, 0];
  while (at < text.length && there < like.length && misses < MISSES_MAX) {
    const start = at;
    while (at < text.length && there < like.length && text[at] === like[there]) {
      at += 1;
      there += 1;
    }
    const length = at - start;
    misses = length < SHARED_MIN / 8 ? misses + 1 : 0;
    if (length >= SHARED_MIN) found.push([start, there - length, length]);
    at = endOfWord(text, at);
    there = endOfWord(like, there);
  }
  const [lastAt, lastThere, lastLength] = found.at(-1) ?? [0, 0, 0];
  return [...found, ...sharedEnd(text, like, lastAt + lastLength, lastThere + lastLength)];
}

/** The same from the ends backwards, down to where the beginnings are shared. */
function sharedEnd(text: Buffer, like: Buffer, floor: number, floorThere: number): readonly Shared[] {
  const found: Shared[] = [];
  let [at, there, misses] = [text.length, like.length, 0];
  while (at > floor && there > floorThere && misses < MISSES_MAX) {
    const end = at;
    while (at > floor && there > floorThere && text[at - 1] === like[there - 1]) {
      at -= 1;
      there -= 1;
    }
    const length = end - at;
    misses = length < SHARED_MIN / 8 ? misses + 1 : 0;
    if (length >= SHARED_MIN) found.push([at, there, length]);
    at = startOfWord(text, at);
    there = startOfWord(like, there);
  }
  return found.reverse();
}

function endOfWord(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== QUOTE && text[at] !== COMMA) at += 1;
  return at;
}

function startOfWord(text: Buffer, from: number): number {
  let at = from;
  while (at > 0 && text[at - 1] !== QUOTE && text[at - 1] !== COMMA) at -= 1;
  return at;
}
