import type { StoreValue } from './types.ts';

export function bytesOf(value: StoreValue): Uint8Array {
  return value instanceof Uint8Array ? value : value.bytes;
}
