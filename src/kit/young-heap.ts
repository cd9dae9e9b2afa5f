import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** V8's own default: doubled whenever much of it survives. */
const GROWTH_DEFAULT = 2;
/** Both halves of the space together. V8 would go on to eight times as much, which a daemon under load keeps without being any quicker. */
const YOUNG_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Keeps V8's space for new objects at its first megabyte until the answer is called. While a program loads, most of what it
 * makes survives, so that space grows to 16 MB, which an idle program then keeps; afterwards it may grow as the load asks, within bounds.
 */
export function holdYoungHeap(): () => void {
  setFlagsFromString('--semi-space-growth-factor=1');
  return () => {
    setFlagsFromString(`--semi-space-growth-factor=${GROWTH_DEFAULT}`);
    boundYoungHeap(YOUNG_BYTES_MAX);
  };
}

/** Has V8's space for new objects, both halves of it, grow no further once it has so many bytes. */
export function boundYoungHeap(bytes_max: number): void {
  let growth = GROWTH_DEFAULT;
  // V8 looks at the factor at each collection, and takes the space back by itself when there is little to do.
  const observer = new PerformanceObserver(() => {
    const wanted = youngBytes() < bytes_max ? GROWTH_DEFAULT : 1;
    if (wanted !== growth) setFlagsFromString(`--semi-space-growth-factor=${wanted}`);
    growth = wanted;
  });
  observer.observe({ entryTypes: ['gc'] });
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
