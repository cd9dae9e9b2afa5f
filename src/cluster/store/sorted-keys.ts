/** Past this a piece becomes two. */
const PIECE_MAX = 512;

/** Texts in order, in pieces, so that one among a hundred thousand is added without the others being moved. */
export class SortedKeys {
  readonly #pieces: string[][] = [[]];

  /** `key` must not be there yet. */
  add(key: string): void {
    const at = this.#pieceOf(key);
    const piece = this.#pieces[at] ?? [];
    piece.splice(position(piece, key), 0, key);
    if (piece.length > PIECE_MAX) this.#pieces.splice(at + 1, 0, piece.splice(PIECE_MAX / 2));
  }

  remove(key: string): void {
    const at = this.#pieceOf(key);
    const piece = this.#pieces[at] ?? [];
    const index = position(piece, key);
    if (piece[index] !== key) return;
    piece.splice(index, 1);
    if (piece.length === 0 && this.#pieces.length > 1) this.#pieces.splice(at, 1);
  }

  /** Those that are not less than `key`, in order. */
  *from(key: string): Generator<string> {
    const at = this.#pieceOf(key);
    for (let index = at; index < this.#pieces.length; index += 1) {
      const piece = this.#pieces[index] ?? [];
      yield* index === at ? piece.slice(position(piece, key)) : piece;
    }
  }

  /** The index of the last piece that does not begin after `key`. */
  #pieceOf(key: string): number {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#pieces[middle]?.[0] ?? '') <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The index of the first that is not less than `key`. */
function position(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
