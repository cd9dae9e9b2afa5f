import { isDeepStrictEqual } from 'node:util';
import type { V1Lease, V1Node, V1Pod } from '#cluster/api';
import { type Controller, createController, LEASES, NODES, PODS, type ReconcileResult, timestamp } from '#cluster/client';
import { NODE } from '../informers.ts';
import { isReady } from '../pods.ts';
import type { Shared } from '../types.ts';
import { ignoreGone, withoutUndefined } from '../writes.ts';
import { readiness, silentConditions, taintsOf } from './taints.ts';

const LEASE_NAMESPACE = 'kube-node-lease';
const GRACE_MS = 40_000;

/** Says of nodes whose agents fell silent that they are, and taints nodes as they are. One timer for each node, set to when it would be late. */
export function createNodeLifecycleController(shared: Shared): Controller {
  const { informers, client, clock, settings } = shared;
  const grace_ms = settings.nodeGrace_ms ?? GRACE_MS;
  const nodes = informers.of<V1Node>(NODES);
  const leases = informers.of<V1Lease>(LEASES);
  const events = shared.recorder('node-controller');
  /** When this process last saw a sign of life; the nodes' own clocks say nothing here. */
  const seen = new Map<string, { readonly sign: string; readonly at_ms: number }>();

  const lastSeen = (node: V1Node): number => {
    const name = node.metadata.name ?? '';
    const heartbeat = node.status?.conditions?.find(({ type }) => type === 'Ready')?.lastHeartbeatTime;
    const sign = `${heartbeat} ${leases.get(LEASE_NAMESPACE, name)?.spec?.renewTime}`;
    const before = seen.get(name);
    if (before?.sign === sign) return before.at_ms;
    seen.set(name, { sign, at_ms: clock.monotonic() });
    return clock.monotonic();
  };

  const reconcile = async (name: string): Promise<ReconcileResult> => {
    const node = nodes.get(undefined, name);
    if (node === undefined) {
      seen.delete(name);
      return undefined;
    }
    const left_ms = lastSeen(node) + grace_ms - clock.monotonic();
    if (left_ms <= 0 && readiness(node) !== 'Unknown') {
      const conditions = silentConditions(node, clock.now());
      await ignoreGone(client.resource<V1Node>(NODES).patch(name, undefined, 'strategic', { status: { conditions } }, { subresource: 'status' }));
      events.event(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
      return undefined;
    }
    const taints = taintsOf(node, clock.now());
    if (!isDeepStrictEqual(withoutUndefined(taints), withoutUndefined(node.spec?.taints ?? []))) {
      const { resourceVersion } = node.metadata;
      await ignoreGone(client.resource<V1Node>(NODES).patch(name, undefined, 'merge', { metadata: { resourceVersion }, spec: { taints } }));
    }
    if (readiness(node) === 'Unknown') await markPods(shared, name);
    return left_ms > 0 ? { requeueAfter_ms: left_ms } : undefined;
  };

  const controller = createController({ ...shared, name: 'node-lifecycle', reconcile });
  nodes.onChange(({ object }) => controller.add(object.metadata.name ?? ''));
  leases.onChange(({ object }) => {
    if (object.metadata.namespace !== LEASE_NAMESPACE) return;
    const node = nodes.get(undefined, object.metadata.name ?? '');
    // A sign of life is only noted; the timer that is set looks at it when it fires.
    if (node !== undefined) lastSeen(node);
  });
  return controller;
}

/** Pods of a silent node can't be told to be ready: they leave their Services. */
async function markPods({ informers, client, clock }: Shared, node: string): Promise<void> {
  const pods = client.resource<V1Pod>(PODS);
  await Promise.all(
    informers
      .of<V1Pod>(PODS)
      .byIndex(NODE, node)
      .filter(isReady)
      .map(({ metadata }) => {
        const condition = { type: 'Ready', status: 'False', reason: 'NodeNotReady', lastTransitionTime: timestamp(clock.now()) };
        return ignoreGone(
          pods.patch(
            metadata.name ?? '',
            metadata.namespace,
            'strategic',
            { metadata: { uid: metadata.uid }, status: { conditions: [condition] } },
            { subresource: 'status' },
          ),
        );
      }),
  );
}
