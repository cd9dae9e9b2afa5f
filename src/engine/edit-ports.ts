import { type ContainerRecord, isLive } from './container.ts';
import { invalid, portsChanged } from './errors.ts';
import type { Rooms } from './rooms.ts';
import type { PublishSpec } from './types.ts';

/** An edit that the kernel has already; undone when it is disposed before it was kept. */
export interface EditedPorts extends AsyncDisposable {
  /** With the ports as they are now; not yet on disk. */
  readonly record: ContainerRecord;
  /** It is on record: the edit stays. */
  keep(): void;
}

/**
 * Publishes another set of ports for a container, at once where it runs; nothing in `publish` changes nothing. Must hold the container's lock.
 * Errors: `PORT_IN_USE`, `PORTS_CHANGED`, `ENGINE_INVALID`; then nothing is changed.
 */
export async function editPorts(
  rooms: Rooms,
  record: ContainerRecord,
  { publish, publishWas }: { readonly publish?: readonly PublishSpec[]; readonly publishWas?: readonly PublishSpec[] },
): Promise<EditedPorts> {
  if (publish === undefined) return { record, keep: () => undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  if (publishWas !== undefined && portsKey(publishWas) !== portsKey(record.spec.publish ?? [])) throw portsChanged(record.name);
  const { kind } = record.spec.network;
  if (kind !== 'networks' && publish.length > 0) throw invalid('published port', `a container with network mode ${kind} has no ports to publish`);
  const wanted = { ...record, spec: { ...record.spec, publish } };
  const runs = isLive(record.state) && kind === 'networks';
  const edited = runs ? { ...wanted, ports: await rooms.wires.republish(wanted) } : wanted;
  let kept = !runs;
  return {
    record: edited,
    keep: () => {
      kept = true;
    },
    async [Symbol.asyncDispose]() {
      if (!kept) await rooms.wires.publishRecorded(record);
    },
  };
}

/** The same for the same set, in whatever order. */
function portsKey(publish: readonly PublishSpec[]): string {
  return publish
    .map(({ hostAddress = '', hostPort = 0, containerPort, protocol }) => `${hostAddress} ${hostPort} ${containerPort} ${protocol}`)
    .sort()
    .join(',');
}

/** As an event tells them: `0.0.0.0:8080->80/tcp`, joined by commas. */
export function portsText(publish: readonly PublishSpec[]): string {
  return publish
    .map(({ hostAddress, hostPort, containerPort, protocol }) => `${hostAddress || '0.0.0.0'}:${hostPort ?? ''}->${containerPort}/${protocol}`)
    .join(',');
}
