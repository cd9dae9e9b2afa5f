import { setFlagsFromString } from 'node:v8';

/** V8's own default: doubled whenever much of it survives. */
const GROWTH_DEFAULT = 2;

/**
 * Keeps V8's space for new objects at its first megabyte until the answer is called. While a program loads, most of what it
 * makes survives, so that space grows to 16 MB, which an idle program then keeps; afterwards it may grow as the load asks.
 */
export function holdYoungHeap(): () => void {
  setFlagsFromString('--semi-space-growth-factor=1');
  return () => setFlagsFromString(`--semi-space-growth-factor=${GROWTH_DEFAULT}`);
}
