/** Where items go as they come. */
export interface Sink<T> {
  /** False where there is no more room: what comes then waits for `resume`. */
  take(item: T): boolean;
  /** No more will come. */
  done(): void;
}

/**
 * Between one who produces without waiting and one reader that takes its time. Past `bound` waiting items the reader has lost: the queue
 * drops what waits and ends, so that a stalled reader costs no more than that.
 */
export class WatchQueue<T> implements AsyncIterableIterator<T> {
  #items: T[] = [];
  #head = 0;
  #wake: ((result: IteratorResult<T>) => void) | undefined;
  #sink: Sink<T> | undefined;
  #isFlowing = false;
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
    } else if (this.#isFlowing) {
      this.#isFlowing = this.#sink?.take(item) ?? false;
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
    if (this.#head === this.#items.length) this.#sink?.done();
  }

  /** In place of a reader: what waits and what comes goes into the sink at once, as long as there is room in it. */
  flowTo(sink: Sink<T>): void {
    this.#sink = sink;
    this.resume();
  }

  /** There is room in the sink again. */
  resume(): void {
    const sink = this.#sink;
    if (sink === undefined || this.#isFlowing) return;
    let hasRoom = true;
    while (hasRoom && this.#head < this.#items.length) hasRoom = sink.take(this.#next() as T); // the loop's condition saw it
    if (this.#ended && this.#head === this.#items.length) return sink.done();
    this.#isFlowing = hasRoom;
  }

  next(): Promise<IteratorResult<T>> {
    const item = this.#next();
    if (item !== undefined) return Promise.resolve({ value: item, done: false });
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

  #next(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    }
    return item;
  }

  #settle(result: IteratorResult<T>): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.(result);
  }
}
