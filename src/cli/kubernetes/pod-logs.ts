import { podLogs } from '#cluster/client';
import { UsageError } from '../errors.ts';
import { writeAll } from '../interact.ts';
import { parseOptions, wholeNumber } from '../options.ts';
import { podName } from '../pod-operand.ts';
import type { Terminal } from '../terminal.ts';
import { CLUSTER_OPTIONS, findAccess } from './connect.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const OPTIONS = {
  container: { ...text, short: 'c' },
  follow: { ...flag, short: 'f' },
  previous: { ...flag, short: 'p' },
  timestamps: flag,
  tail: text,
  since: text,
  ...CLUSTER_OPTIONS,
} as const;
const UNITS_SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/** Writes the log of a Pod's container. */
export async function podLogsCommand(commandArguments: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions({ args: [...commandArguments], options: OPTIONS, allowPositionals: true });
  const name = podName(positionals[0]);
  if (name === undefined || positionals.length > 1) throw new UsageError('Cannot show that many logs: gantry logs pod/NAME, its container by -c');
  const tail = values.tail === '-1' ? undefined : wholeNumber('--tail', values.tail);
  const since = values.since === undefined ? undefined : parseSeconds(values.since);
  const access = await findAccess(values, terminal);
  const log = await podLogs(access, {
    namespace: values.namespace ?? access.namespace,
    name,
    follow: values.follow,
    previous: values.previous,
    timestamps: values.timestamps,
    ...(values.container === undefined ? {} : { container: values.container }),
    ...(tail === undefined ? {} : { tailLines: tail }),
    ...(since === undefined ? {} : { sinceSeconds: since }),
  });
  await writeAll(log, terminal.stdout);
  return 0;
}

/** Whole seconds of `90s`, `5m`, `1h30m`. Errors: `USAGE`. */
export function parseSeconds(given: string): number {
  if (!/^(?:\d+[hms])+$/.test(given)) throw new UsageError(`Cannot take "${given}" for --since: write a duration such as 90s, 5m or 1h30m`);
  return Array.from(given.matchAll(/(\d+)([hms])/g)).reduce((sum, [, count, unit = 's']) => sum + Number(count) * (UNITS_SECONDS[unit] ?? 1), 0);
}
