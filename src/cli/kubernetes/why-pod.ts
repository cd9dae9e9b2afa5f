import { podLogs, PODS } from '#cluster/client';
import { GantryError } from '#kit';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { podName } from '../pod-operand.ts';
import type { Terminal } from '../terminal.ts';
import { FORM_OPTION, tellWhy } from '../why-text.ts';
import { type Cluster, CLUSTER_OPTIONS, connectCluster } from './connect.ts';
import { isUnwell, podFindings, type SeenContainer, type SeenEvent, type SeenPod } from './pod-reasons.ts';

const LOG_LINES = 10;
const EVENTS = { group: '', version: 'v1', resource: 'events' } as const;

/** Tells why a Pod does not run or is not ready. */
export async function whyPod(commandArguments: readonly string[], terminal: Terminal): Promise<number> {
  const options = { ...FORM_OPTION, ...CLUSTER_OPTIONS } as const;
  const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
  const [operand, ...more] = positionals;
  if (operand === undefined || more.length > 0) throw new UsageError(`Cannot explain ${positionals.length} Pods: gantry why pod NAME [-n NAMESPACE]`);
  const name = podName(operand) ?? operand;
  using cluster = await connectCluster(values, terminal);
  const { namespace } = cluster;
  // A Pod, as the path says; what is read of it is optional.
  const pod = (await cluster.client.json({ path: { resource: PODS, namespace, name, query: {} } })).body as SeenPod;
  const [events, logs] = await Promise.all([eventsOf(cluster, pod), logsOf(cluster, pod)]);
  const facts = { pod, events, logs };
  return tellWhy({ findings: podFindings(facts), facts }, values.output, terminal);
}

async function eventsOf({ client, namespace }: Cluster, { metadata }: SeenPod): Promise<readonly SeenEvent[]> {
  const query = { fieldSelector: `involvedObject.kind=Pod,involvedObject.name=${metadata.name}` };
  const { body } = await client.json({ path: { resource: EVENTS, namespace, query } });
  // A list of core/v1 Events, as the path says.
  const { items = [] } = body as {
    items?: readonly (SeenEvent & { readonly lastTimestamp?: string | null; readonly involvedObject: { readonly uid?: string } })[];
  };
  return items
    .filter(({ involvedObject }) => involvedObject.uid === undefined || involvedObject.uid === metadata.uid)
    .toSorted((a, b) => Date.parse(a.lastTimestamp ?? '') - Date.parse(b.lastTimestamp ?? ''));
}

/** The last lines of containers that are not well; where a log can't be had, why. */
async function logsOf(cluster: Cluster, pod: SeenPod): Promise<Readonly<Record<string, readonly string[]>>> {
  const unwell = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].filter(isUnwell);
  return Object.fromEntries(await Promise.all(unwell.map(async (one) => [one.name, await lastLines(cluster, pod, one)] as const)));
}

async function lastLines({ access, namespace }: Cluster, { metadata }: SeenPod, { name: container, state }: SeenContainer): Promise<readonly string[]> {
  // A container that waits for its next run has only the log of the one before.
  const previous = state?.waiting !== undefined;
  try {
    const log = await podLogs(access, { namespace, name: metadata.name, container, previous, tailLines: LOG_LINES });
    const text = Buffer.concat(await log.toArray()).toString();
    return text.split('\n').filter((line) => line !== '');
  } catch (error) {
    if (error instanceof GantryError) return [`(the log can't be read: ${error.message})`];
    throw error;
  }
}
