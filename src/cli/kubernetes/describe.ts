import { humanDuration, type KubeObject } from '#cluster/api';
import { systemClock } from '#kit';
import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say, table, type Terminal } from '../terminal.ts';
import { type Cluster, CLUSTER_OPTIONS, CLUSTER_USAGE, connectCluster } from './connect.ts';
import { describeObject } from './description.ts';
import { apiVersionOf, discoverKinds, type Kind } from './kinds.ts';
import { placeOf } from './place.ts';
import { parseTargets } from './targets.ts';

/** What is read of core/v1 Event. */
interface KubeEvent {
  readonly involvedObject: { readonly uid?: string };
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly reportingComponent?: string;
  readonly source?: { readonly component?: string };
}

export const describe: Command = {
  usage: `describe [-l SELECTOR] ${CLUSTER_USAGE} KIND NAME... | KIND/NAME... | KIND`,
  async run(commandArguments, terminal) {
    const options = { selector: { type: 'string', short: 'l' }, ...CLUSTER_OPTIONS } as const;
    const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
    if (positionals.length === 0) throw new UsageError('Cannot describe nothing: gantry describe KIND NAME');
    using cluster = await connectCluster(values, terminal);
    const targets = parseTargets(await discoverKinds(cluster.client), positionals);
    if (values.selector !== undefined && targets.some(({ name }) => name !== undefined))
      throw new UsageError('Cannot select by labels (-l) and by name at once');
    let count = 0;
    for (const { kind, name } of targets) {
      const query = name === undefined ? { labelSelector: values.selector } : {};
      const { body } = await cluster.client.json({ path: placeOf(kind, cluster.namespace, name, query) });
      // An object where a name was said, else a list of them, as the API has it.
      const objects = name === undefined ? ((body as { items?: readonly KubeObject[] }).items ?? []) : [body as KubeObject];
      for (const object of objects) {
        if (count > 0) say(terminal, '\n');
        count += 1;
        await describeOne(cluster, kind, object, terminal);
      }
    }
    if (count === 0) terminal.stderr.write('No resources found\n');
    return 0;
  },
};

async function describeOne(cluster: Cluster, kind: Kind, object: KubeObject, terminal: Terminal): Promise<void> {
  for (const line of describeObject({ ...object, apiVersion: apiVersionOf(kind), kind: kind.kind })) say(terminal, line);
  const events = await eventsOf(cluster, kind, object);
  say(terminal, events.length === 0 ? 'Events:  <none>' : 'Events:');
  if (events.length > 0) say(terminal, table(['  TYPE', 'REASON', 'AGE', 'FROM', 'MESSAGE'], eventRows(events, systemClock.now())));
}

async function eventsOf({ client }: Cluster, kind: Kind, { metadata }: KubeObject): Promise<readonly KubeEvent[]> {
  const namespace = metadata.namespace;
  const fieldSelector = `involvedObject.kind=${kind.kind},involvedObject.name=${metadata.name}`;
  const resource = { group: '', version: 'v1', resource: 'events' };
  const { body } = await client.json({ path: { resource, ...(namespace === undefined ? {} : { namespace }), query: { fieldSelector } } });
  // A list of core/v1 Events, as the path says.
  const events = (body as { items?: readonly KubeEvent[] }).items ?? [];
  // Of an earlier object of that name there may be events too; those of a node do not always carry its uid.
  return events
    .filter(({ involvedObject }) => namespace === undefined || involvedObject.uid === undefined || involvedObject.uid === metadata.uid)
    .toSorted((a, b) => lastSeen_ms(a) - lastSeen_ms(b));
}

/** Rows of the events' table: an event that came often tells how often, and since when. */
export function eventRows(events: readonly KubeEvent[], now_ms: number): readonly (readonly string[])[] {
  return events.map((event) => {
    const age = humanDuration(now_ms - lastSeen_ms(event));
    const first = event.firstTimestamp ? humanDuration(now_ms - Date.parse(event.firstTimestamp)) : age;
    const times = event.count !== undefined && event.count > 1 ? ` (x${event.count} over ${first})` : '';
    const from = event.reportingComponent || event.source?.component || '';
    return [`  ${event.type ?? ''}`, event.reason ?? '', `${age}${times}`, from, (event.message ?? '').trim().replaceAll('\n', ' ')];
  });
}

function lastSeen_ms({ lastTimestamp, eventTime, firstTimestamp }: KubeEvent): number {
  return Date.parse(lastTimestamp ?? eventTime ?? firstTimestamp ?? '1970-01-01T00:00:00Z');
}
