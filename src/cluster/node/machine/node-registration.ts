import { isDeepStrictEqual } from 'node:util';
import { mergePatch, type V1Lease, type V1Node } from '#cluster/api';
import { isStatus, LEASES, NODES } from '#cluster/client';
import type { MachineFacts, NodeAgentOptions } from '../types.ts';
import { nodeLabels, nodeStatus } from './node-object.ts';

const LEASE_NAMESPACE = 'kube-node-lease';
const LEASE_SECONDS = 40;
const STATUS_EVERY_MS = 300_000;

/** Says that the node is there: its Node, and a Lease that is renewed. */
export class NodeRegistration {
  readonly #options: NodeAgentOptions;
  #facts: MachineFacts | undefined;
  #statusAt_ms: number | undefined;
  #lease: V1Lease | undefined;

  constructor(options: NodeAgentOptions) {
    this.#options = options;
  }

  /** Registers the Node where it isn't, and renews its Lease; its status rarely. Errors: those of the API. */
  async renew(): Promise<void> {
    const { clock } = this.#options;
    const dueStatus = this.#statusAt_ms === undefined || clock.monotonic() - this.#statusAt_ms >= STATUS_EVERY_MS;
    await Promise.all([this.#renewLease(), dueStatus ? this.#writeNode() : undefined]);
  }

  async #writeNode(): Promise<void> {
    const { client, clock, nodeName, machine } = this.#options;
    const nodes = client.resource<V1Node>(NODES);
    this.#facts ??= await machine.facts();
    const labels = nodeLabels(this.#options, this.#facts);
    const known = await this.#find();
    const node = known ?? (await nodes.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, labels }, spec: {} }));
    if (!isDeepStrictEqual(mergePatch(node.metadata.labels ?? {}, labels), node.metadata.labels ?? {}))
      await nodes.patch(nodeName, undefined, 'merge', { metadata: { labels } });
    await nodes.patch(nodeName, undefined, 'merge', { status: nodeStatus(this.#options, this.#facts, node, clock.now()) }, { subresource: 'status' });
    this.#statusAt_ms = clock.monotonic();
  }

  async #find(): Promise<V1Node | undefined> {
    const { client, nodeName } = this.#options;
    try {
      return await client.resource<V1Node>(NODES).get(nodeName);
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async #renewLease(): Promise<void> {
    const { client, clock, nodeName } = this.#options;
    const leases = client.resource<V1Lease>(LEASES);
    const spec = { holderIdentity: nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime: microTime(clock.now()) };
    try {
      this.#lease = await leases.patch(nodeName, LEASE_NAMESPACE, 'merge', { spec });
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
      // The Node was deleted along with its Lease, or this is the first time: both are written anew.
      if (this.#lease !== undefined) this.#statusAt_ms = undefined;
      this.#lease = await leases.create({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: nodeName, namespace: LEASE_NAMESPACE },
        spec,
      });
    }
  }
}

/** RFC 3339 with microseconds. */
function microTime(now_ms: number): string {
  return new Date(now_ms).toISOString().replace('Z', '000Z');
}
