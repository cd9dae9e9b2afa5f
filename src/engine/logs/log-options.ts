import { invalid, unsupported } from '../errors.ts';
import type { LogSpec } from '../types.ts';

/** How far a log may grow: `files` of `bytes` each, the one that is written among them. */
export interface LogBounds {
  readonly bytes: number;
  readonly files: number;
}

const LOCAL_BOUNDS: LogBounds = { bytes: 20_000_000, files: 5 };
const DRIVERS = ['json-file', 'local', 'none'];
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/**
 * The bounds that a logging driver and its options ask for; undefined: none. `json-file` and `local` are written alike and differ
 * in their defaults only. Errors: `ENGINE_INVALID`, `ENGINE_UNSUPPORTED`, naming the option.
 */
export function logBounds(log: LogSpec | undefined): LogBounds | undefined {
  if (log === undefined) return undefined;
  if (!DRIVERS.includes(log.driver)) throw unsupported(`logging driver "${log.driver}"`, `use one of ${DRIVERS.join(', ')}`);
  const { 'max-size': size, 'max-file': count, labels: _labels, env: _env, ...others } = log.options ?? {};
  for (const [name, value] of Object.entries(others))
    if (!asksForNothing(name, value)) throw unsupported(`log opt '${name}' for ${log.driver} log driver`, `leave it out`);
  if (log.driver === 'none') return undefined;
  const files = count === undefined ? undefined : Number(count);
  if (files !== undefined && !(Number.isSafeInteger(files) && files >= 1)) throw invalid('log option max-file', `"${count}"; it must be a number from 1 up`);
  const defaults = log.driver === 'local' ? LOCAL_BOUNDS : undefined;
  const bytes = size === undefined || size === '-1' ? undefined : parseSize(size);
  if (bytes === undefined && defaults === undefined && files !== undefined && files > 1)
    throw invalid('log option max-file', 'max-size must be given too, for without it there is one file only');
  if (bytes === undefined && (defaults === undefined || size === '-1')) return undefined;
  return { bytes: bytes ?? LOCAL_BOUNDS.bytes, files: files ?? defaults?.files ?? 1 };
}

/** Values that say what happens anyway: nothing is compressed, and a process waits until its line is written. */
function asksForNothing(name: string, value: string): boolean {
  return (name === 'compress' && value === 'false') || (name === 'mode' && value === 'blocking');
}

/** `10m` in Docker's way of counting: decimal. */
function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgt]?)b?$/i.exec(text);
  const bytes = match === null ? 0 : Math.floor(Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? 0));
  if (bytes <= 0) throw invalid('log option max-size', `"${text}"; a right one is a size above 0 such as 10m`);
  return bytes;
}

/** What `docker logs --details` shows of each line: the labels and variables that the options name, as `name=value`. */
export function logDetails(log: LogSpec | undefined, labels: Readonly<Record<string, string>>, environment: readonly string[]): readonly string[] {
  const named = (option: string) => new Set((log?.options?.[option] ?? '').split(',').filter((name) => name !== ''));
  const [wantedLabels, wantedVariables] = [named('labels'), named('env')];
  const fromLabels = Object.entries(labels).flatMap(([name, value]) => (wantedLabels.has(name) ? [`${name}=${value}`] : []));
  return [...fromLabels, ...environment.filter((entry) => wantedVariables.has(entry.split('=', 1)[0] ?? ''))].sort();
}
