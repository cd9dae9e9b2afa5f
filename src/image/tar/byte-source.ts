const EMPTY = Buffer.alloc(0);

/** Takes bytes from a stream in the portions that a parser wants. */
export class ByteSource {
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

  /** So many bytes, or undefined when the stream ends before. */
  async exactly(count: number): Promise<Buffer | undefined> {
    if (this.#rest.length < count) {
      const pieces = [this.#rest];
      let have = this.#rest.length;
      while (have < count) {
        this.#rest = EMPTY;
        if (!(await this.#more())) return undefined;
        pieces.push(this.#rest);
        have += this.#rest.length;
      }
      this.#rest = Buffer.concat(pieces);
    }
    const piece = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return piece;
  }

  /** Passes over so many bytes. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const piece = await this.some(left);
      if (piece === undefined) return;
      left -= piece.length;
    }
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#content.next();
    if (done) return false;
    this.#rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return true;
  }
}
