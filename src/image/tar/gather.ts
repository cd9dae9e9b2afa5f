const GATHER_BYTES = 256 * 1024;

/** The same bytes in large pieces: an archive of small files would else be compressed, hashed and written header by header. */
export function* gathered(pieces: Iterable<Buffer>): Generator<Buffer> {
  let buffer = Buffer.allocUnsafe(GATHER_BYTES);
  let used = 0;
  for (const piece of pieces) {
    if (used > 0 && used + piece.length > GATHER_BYTES) {
      yield buffer.subarray(0, used);
      // Whoever took it may not be done with it.
      buffer = Buffer.allocUnsafe(GATHER_BYTES);
      used = 0;
    }
    if (piece.length < GATHER_BYTES) used += piece.copy(buffer, used);
    else yield piece;
  }
  if (used > 0) yield buffer.subarray(0, used);
}
