import type { RequestLimits } from '#cluster/apiserver';
import { parseDuration_ns } from '#kit';
import { ConfigError } from './errors.ts';
import { type OptionValues, SERVING_NAMES } from './option-names.ts';

/** How the API server serves; its own measure where nothing is said. */
export interface ServingConfig {
  readonly eventTtl_s?: number;
  readonly limits: Partial<RequestLimits>;
  /** How long it serves on once it has said that it stops. */
  readonly shutdownDelay_ms: number;
}

type Name = (typeof SERVING_NAMES)[number];
const SECOND_NS = 1e9;
const MILLISECOND_NS = 1e6;
/** A timer holds no more. */
const LONGEST_NS = 24 * 24 * 3600 * SECOND_NS;
/** A connection is not held for longer while a server stops. */
const DELAY_LONGEST_NS = 600 * SECOND_NS;

/** kube-apiserver's options of these names. Errors: `CONFIG_INVALID`, naming the option. */
export function servingOf(options: OptionValues, hasApiServer: boolean): ServingConfig {
  const orphan = SERVING_NAMES.find((name) => options[name] !== undefined);
  if (orphan !== undefined && !hasApiServer) throw new ConfigError(`Cannot take --${orphan} without an API server: add apiserver to --parts`);
  const ttl_ns = duration(options, 'event-ttl', SECOND_NS);
  const timeout_ns = duration(options, 'request-timeout', MILLISECOND_NS);
  const delay_ns = duration(options, 'shutdown-delay-duration', 0, DELAY_LONGEST_NS);
  const numbers = {
    maxRequestsInflight: count(options, 'max-requests-inflight'),
    maxMutatingRequestsInflight: count(options, 'max-mutating-requests-inflight'),
    minRequestTimeout_s: count(options, 'min-request-timeout'),
    requestTimeout_ms: timeout_ns === undefined ? undefined : timeout_ns / MILLISECOND_NS,
  };
  return {
    ...(ttl_ns === undefined ? {} : { eventTtl_s: Math.ceil(ttl_ns / SECOND_NS) }),
    limits: Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)),
    shutdownDelay_ms: (delay_ns ?? 0) / MILLISECOND_NS,
  };
}

function duration(options: OptionValues, name: Name, least_ns: number, most_ns = LONGEST_NS): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  const duration_ns = parseDuration_ns(text);
  if (duration_ns === undefined || duration_ns < least_ns || duration_ns > most_ns)
    throw new ConfigError(`Cannot take "${text}" for --${name}: it must be a time from ${words(least_ns)} to ${words(most_ns)}, such as 90s or 1h30m`);
  return duration_ns;
}

function words(duration_ns: number): string {
  if (duration_ns === 0) return '0';
  const [figure, unit] = duration_ns < SECOND_NS ? [duration_ns / MILLISECOND_NS, 'ms'] : [duration_ns / SECOND_NS, 's'];
  return unit === 's' && figure % 3600 === 0 ? `${figure / 3600}h` : `${figure}${unit}`;
}

function count(options: OptionValues, name: Name): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,6}$/.test(text)) throw new ConfigError(`Cannot take "${text}" for --${name}: it must be a whole number from 0 to 999999`);
  return Number(text);
}
