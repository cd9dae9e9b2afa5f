import { seededRandom } from '#kit';

/** Numbers from 0 up to 1, always the same for the same seed. */
export function seeded(seed: number): () => number {
  return seededRandom(seed).fraction;
}
