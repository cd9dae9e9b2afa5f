import type { PodFinding, PodWhy } from '#cluster/api';
import { podLogs, PODS } from '#cluster/client';
import { GantryError } from '#kit';
import { CommandError, UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { podName } from '../pod-operand.ts';
import type { Terminal } from '../terminal.ts';
import { FORM_OPTION, tellWhy } from '../why-text.ts';
import { type Cluster, CLUSTER_OPTIONS, connectCluster } from './connect.ts';

const LOG_LINES = 10;

/** Tells why a Pod does not run or is not ready: what the API server says of it (`pods/why`), and the last lines of logs. */
export async function whyPod(commandArguments: readonly string[], terminal: Terminal): Promise<number> {
  const options = { ...FORM_OPTION, ...CLUSTER_OPTIONS } as const;
  const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
  const [operand, ...more] = positionals;
  if (operand === undefined || more.length > 0) throw new UsageError(`Cannot explain ${positionals.length} Pods: gantry why pod NAME [-n NAMESPACE]`);
  const name = podName(operand) ?? operand;
  using cluster = await connectCluster(values, terminal);
  const { findings, ...facts } = await reasons(cluster, name);
  const told = await Promise.all(findings.map(async (finding) => [finding, ...(await logOf(cluster, name, finding))]));
  return tellWhy({ findings: told.flat(), facts }, values.output, terminal);
}

/** Errors: `NO_REASONS` where the server is not one of ours. */
async function reasons({ client, namespace }: Cluster, name: string): Promise<PodWhy> {
  const { body } = await client.json({ path: { resource: PODS, namespace, name, subresource: 'why', query: {} } });
  // What else has that kind is not served at this path.
  if ((body as Partial<PodWhy>).kind !== 'PodWhy') throw new CommandError('This cluster does not tell why: it is not one of gantry up or gantry test-cluster');
  return body as PodWhy;
}

/** The last lines of a container that is not well; where its log can't be had, why. */
async function logOf({ access, namespace }: Cluster, name: string, { container, log }: PodFinding): Promise<readonly PodFinding[]> {
  if (container === undefined || log === undefined) return [];
  const lines = await lastLines(() => podLogs(access, { namespace, name, container, previous: log === 'previous', tailLines: LOG_LINES }));
  return lines.length === 0 ? [] : [{ step: `log of ${container}`, ok: true, code: 'Log', container, detail: `the last lines:\n${lines.join('\n')}` }];
}

async function lastLines(read: () => ReturnType<typeof podLogs>): Promise<readonly string[]> {
  try {
    const text = Buffer.concat(await (await read()).toArray()).toString();
    return text.split('\n').filter((line) => line !== '');
  } catch (error) {
    if (error instanceof GantryError) return [`(the log can't be read: ${error.message})`];
    throw error;
  }
}
