const EMPTY = Buffer.alloc(0);

/** Takes bytes from a stream in the portions that a parser wants. */
export class ByteSource implements AsyncDisposable {
  readonly #content: AsyncIterator<Uint8Array>;
  #rest: Buffer = EMPTY;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#content = content[Symbol.asyncIterator]();
  }

  /** Between one and `max` bytes, or undefined at the end. */
  async some(max: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) if (!(await this.#more())) return undefined;
    const piece = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  /** So many bytes, or undefined when the stream ends before: then nothing is taken. */
  async exactly(count: number): Promise<Buffer | undefined> {
    if (this.#rest.length < count) {
      const pieces = [this.#rest];
      let have = this.#rest.length;
      while (have < count) {
        this.#rest = EMPTY;
        if (!(await this.#more())) {
          this.#rest = Buffer.concat(pieces);
          return undefined;
        }
        pieces.push(this.#rest);
        have += this.#rest.length;
      }
      this.#rest = Buffer.concat(pieces);
    }
    const piece = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return piece;
  }

  /** Passes over so many bytes; answers how many of them were not there. */
  async skip(count: number): Promise<number> {
    let left = count;
    while (left > 0) {
      const piece = await this.some(left);
      if (piece === undefined) break;
      left -= piece.length;
    }
    return left;
  }

  /** What is to be taken next, at least `min` bytes unless the stream ends before. Nothing is taken. */
  async peek(min = 1): Promise<Buffer> {
    while (this.#rest.length < min) {
      const before = this.#rest;
      if (!(await this.#more())) return before;
      if (before.length > 0) this.#rest = Buffer.concat([before, this.#rest]);
    }
    return this.#rest;
  }

  /** Lets go of the stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#content.return?.();
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#content.next();
    if (done) return false;
    this.#rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return true;
  }
}
