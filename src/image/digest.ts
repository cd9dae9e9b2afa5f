import { createHash } from 'node:crypto';
import { digestMalformed } from './errors.ts';
import type { Digest } from './types.ts';

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** Narrows text that has a digest's form. */
export function isDigest(text: string): text is Digest {
  return PATTERN.test(text);
}

/** The digest that the text is. Errors: `DIGEST_INVALID` (400). */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw digestMalformed(text);
  return text;
}

/** The digest of bytes at hand. */
export function digestOf(content: Uint8Array | string): Digest {
  return digestFromHex(createHash('sha256').update(content).digest('hex'));
}

/** The digest with those 64 hexadecimal digits. Errors: `DIGEST_INVALID`. */
export function digestFromHex(hex: string): Digest {
  return parseDigest(`sha256:${hex}`);
}

/** The 64 hexadecimal digits. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
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
