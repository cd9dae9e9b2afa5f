import { createHash } from 'node:crypto';
import { digestMalformed } from './errors.ts';
import type { Digest, DigestAlgorithm } from './types.ts';

/** The algorithms that OCI's image specification registers, with the number of their hexadecimal digits. */
const DIGITS: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };
export const DIGEST_ALGORITHMS = ['sha256', 'sha512'] as const satisfies readonly DigestAlgorithm[];
const PATTERN = new RegExp(`^(?:${DIGEST_ALGORITHMS.map((name) => `${name}:[0-9a-f]{${DIGITS[name]}}`).join('|')})$`);

/** Narrows text that has a digest's form. */
export function isDigest(text: string): text is Digest {
  return PATTERN.test(text);
}

/** The digest that the text is. Errors: `DIGEST_INVALID` (400). */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw digestMalformed(text);
  return text;
}

/** The digest of bytes at hand, as SHA-256 unless told otherwise. */
export function digestOf(content: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return digestFromHex(createHash(algorithm).update(content).digest('hex'), algorithm);
}

/** The digest with those hexadecimal digits. Errors: `DIGEST_INVALID`. */
export function digestFromHex(hex: string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return parseDigest(`${algorithm}:${hex}`);
}

/** The part before the colon. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hexadecimal digits. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** The tag that stands for what refers to a digest, in registries without a list of it (distribution-spec, "Referrers Tag Schema"). */
export function referrersTag(digest: Digest): string {
  return `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}`;
}

/** The first twelve digits, as Docker's clients show ids. */
export function shortId(digest: Digest): string {
  return hexOf(digest).slice(0, 12);
}

/** Chain ids of a stack of layers, lowest first (OCI image-spec, config, "Layer ChainID"). */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}
