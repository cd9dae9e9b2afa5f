import type { Random } from './random.ts';

/** Randomness that is the same for the same seed (mulberry32); its state can be kept and taken up again. */
export interface SeededRandom extends Random {
  readonly seed: number;
  /** From which `seededRandom` goes on as this one would. */
  state(): number;
}

/** `state`: of a run before this one. */
export function seededRandom(seed: number, state = seed): SeededRandom {
  let at = state >>> 0;
  const next = (): number => {
    at = (at + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(at ^ (at >>> 15), at | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => next() >>> 24);
  return {
    seed,
    state: () => at,
    bytes,
    hex: (length) =>
      Buffer.from(bytes(Math.ceil(length / 2)))
        .toString('hex')
        .slice(0, length),
    fraction: () => next() / 2 ** 32,
  };
}
