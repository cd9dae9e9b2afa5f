import { PackedText } from './packed-text.ts';

const LIKE_MAX = 1024;
/** Below it a text is held for itself. */
const SHARING_MIN_BYTES = 512;

/** Packs the texts of one resource's objects, each beside the one that its siblings (objects of one owner) are like. */
export class Texts {
  /** By the owner. What it holds of objects that are gone is bounded. */
  readonly #like = new Map<string, Buffer>();
  #space = Buffer.alloc(0);

  /** The pieces one behind the other; nothing of them is kept. */
  pack(pieces: readonly Uint8Array[], owner: string): PackedText {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (this.#space.length < length) this.#space = Buffer.allocUnsafeSlow(2 * length);
    let at = 0;
    for (const piece of pieces) {
      this.#space.set(piece, at);
      at += piece.length;
    }
    return this.#beside(this.#space.subarray(0, length), owner);
  }

  #beside(text: Buffer, owner: string): PackedText {
    if (text.length < SHARING_MIN_BYTES) return PackedText.of(text);
    const like = this.#like.get(owner);
    if (like !== undefined) {
      const packed = PackedText.of(text, like);
      if (packed.own <= text.length / 2) return packed;
    }
    if (this.#like.size >= LIKE_MAX && like === undefined) this.#like.clear();
    // Of its own: what stays for long would keep the rest of its slab, too.
    const next = Buffer.allocUnsafeSlow(text.length);
    text.copy(next);
    this.#like.set(owner, next);
    return PackedText.of(next, next);
  }
}
