/**
 * Between one who produces without waiting and one reader that takes its time. Past `bound` waiting items the reader has lost: the queue
 * drops what waits and ends, so that a stalled reader costs no more than that.
 */
export class WatchQueue<T> implements AsyncIterableIterator<T> {
  #items: T[] = [];
  #head = 0;
  #wake: ((result: IteratorResult<T>) => void) | undefined;
  #ended = false;
  #bound: number;
  readonly #onEnd: () => void;

  /** `onEnd` is called once, when no more is wanted or no more will come. */
  constructor(bound: number, onEnd: () => void) {
    this.#bound = bound;
    this.#onEnd = onEnd;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Adds what the reader must get first, however much that is. */
  preload(item: T): void {
    this.#bound += 1;
    this.push(item);
  }

  push(item: T): void {
    if (this.#ended) return;
    if (this.#wake) {
      this.#settle({ value: item, done: false });
    } else if (this.#items.length - this.#head >= this.#bound) {
      this.#items = [];
      this.#head = 0;
      this.end();
    } else {
      this.#items.push(item);
    }
  }

  /** What waits is still read; then the iteration ends. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#settle({ value: undefined, done: true });
    this.#onEnd();
  }

  next(): Promise<IteratorResult<T>> {
    const item = this.#items[this.#head];
    if (item !== undefined) {
      this.#head += 1;
      if (this.#head === this.#items.length) {
        this.#items = [];
        this.#head = 0;
      }
      return Promise.resolve({ value: item, done: false });
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.#items = [];
    this.#head = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(result: IteratorResult<T>): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.(result);
  }
}
