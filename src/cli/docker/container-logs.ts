import { UsageError } from '../errors.ts';
import { write } from '../interact.ts';
import { parseOptions } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { connectDocker, DOCKER_OPTIONS } from './connect.ts';
import { pieces, rawPieces } from './frames.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const LOGS_OPTIONS = {
  follow: { ...flag, short: 'f' },
  timestamps: { ...flag, short: 't' },
  tail: { ...text, short: 'n' },
  since: text,
  until: text,
  ...DOCKER_OPTIONS,
} as const;

/** Writes a container's log, its two outputs to ours. */
export async function containerLogs(commandArguments: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions({ args: [...commandArguments], options: LOGS_OPTIONS, allowPositionals: true });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError('Cannot show the log of that many containers: gantry logs CONTAINER');
  if (values.tail !== undefined && !/^(?:all|\d+)$/.test(values.tail)) throw new UsageError(`Cannot take "${values.tail}" for --tail: it is a number or all`);
  const client = await connectDocker(values, terminal);
  const path = `/containers/${encodeURIComponent(name)}`;
  const { Config } = await client.json<{ Config?: { Tty?: boolean } }>({ method: 'GET', path: `${path}/json` });
  const { follow, timestamps, tail, since, until } = values;
  const query = { stdout: true, stderr: true, follow, timestamps, tail, since, until };
  const response = await client.request({ method: 'GET', path: `${path}/logs`, query });
  for await (const { stream, content } of Config?.Tty ? rawPieces(response) : pieces(response)) await write(terminal[stream], content);
  return 0;
}
