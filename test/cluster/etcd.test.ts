import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type ApiServer, createApiServer } from '#cluster/apiserver';
import type { KubeObject, V1ConfigMap, V1Service, WatchEvent } from '#cluster/api';
import { CONFIG_MAPS, type ClusterClient, EVENTS, inProcessClient, LeaderElection, LEASES, SERVICES } from '#cluster/client';
import { openEtcdStore, type Store } from '#cluster/store';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { etcdMissing, startCable, startTestEtcd } from '../../src/cluster/store/etcd/etcd.testing.ts';
import { ADMIN } from './control-plane.ts';

const skip = etcdMissing();
const skipping = skip === undefined ? {} : { skip };
const etcd = skip === undefined ? await startTestEtcd() : undefined;
after(() => etcd?.[Symbol.asyncDispose]());
const NAMESPACE = 'default';

interface Plane extends AsyncDisposable {
  readonly client: ClusterClient;
  readonly server: ApiServer;
  readonly store: Store;
}

async function startPlane(prefix: string, endpoint = etcd?.endpoints[0] ?? '', more: { readonly eventTtl_s?: number } = {}): Promise<Plane> {
  const store = await openEtcdStore({ endpoints: [endpoint], clock: systemClock, prefix });
  const common = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const server = await createApiServer({ store, ...common, ...more, serviceCidr: '10.96.0.0/24', nodes: () => undefined, version: 'v1.36.0+gantry-test' });
  const client = inProcessClient(server.handler, ADMIN);
  return {
    client,
    server,
    store,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.stop();
      await store.close();
    },
  };
}

const configMapsOf = ({ client }: Plane) => client.resource<V1ConfigMap>(CONFIG_MAPS);
const prefixOfTest = () => `/test-${systemRandom.hex(8)}`;
const configMap = (name: string, data: Record<string, string> = {}): V1ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: NAMESPACE },
  data,
});
async function first<T extends KubeObject>(events: AsyncIterable<WatchEvent<T>>, count: number, heard: () => void = () => {}): Promise<WatchEvent<T>[]> {
  const seen: WatchEvent<T>[] = [];
  for await (const event of events) {
    heard();
    if (seen.push(event) === count) break;
  }
  return seen;
}
/** No bookmarks were asked for: each event has an object. */
const objectOf = ({ object }: WatchEvent<KubeObject>) => object as KubeObject;
const short = (event: WatchEvent<KubeObject>) => [event.type, objectOf(event).metadata.name, objectOf(event).metadata.resourceVersion];

test('two API servers on one etcd: a watch on one tells what is written on the other, under the same revisions', skipping, async () => {
  const prefix = prefixOfTest();
  await using here = await startPlane(prefix);
  await using there = await startPlane(prefix);
  const [mine, theirs] = [here.client.resource<V1ConfigMap>(CONFIG_MAPS), there.client.resource<V1ConfigMap>(CONFIG_MAPS)];
  const { metadata } = await theirs.list({ namespace: NAMESPACE });
  const watch = first(theirs.watch({ namespace: NAMESPACE, resourceVersion: metadata.resourceVersion ?? '' }), 3);
  const made = await mine.create(configMap('a'));
  const changed = await mine.update({ ...made, data: { x: '1' } });
  await mine.delete('a', NAMESPACE);
  const events = await watch;
  assert.deepEqual(events.slice(0, 2).map(short), [
    ['ADDED', 'a', made.metadata.resourceVersion],
    ['MODIFIED', 'a', changed.metadata.resourceVersion],
  ]);
  assert.equal(events[2]?.type, 'DELETED');
});

test('two API servers on one etcd: of changes at the same time none is lost', skipping, async () => {
  const prefix = prefixOfTest();
  await using here = await startPlane(prefix);
  await using there = await startPlane(prefix);
  const sides = [here, there].map(({ client }) => client.resource<V1ConfigMap>(CONFIG_MAPS));
  const watch = first(sides[1]?.watch({ namespace: NAMESPACE }) ?? assert.fail(), 1);
  await sides[0]?.create(configMap('both'));
  await watch;
  await Promise.all(
    sides.flatMap((side, number) =>
      Array.from({ length: 10 }, (_, index) => side.patch('both', NAMESPACE, 'merge', { data: { [`${number}-${index}`]: 'x' } })),
    ),
  );
  const item = await here.store.get(`/registry/core/configmaps/${NAMESPACE}/both`);
  // Written by the API server from a ConfigMap.
  const stored = JSON.parse(Buffer.from(item?.value ?? []).toString()) as V1ConfigMap;
  assert.equal(Object.keys(stored.data ?? {}).length, 20);
});

test('two API servers on one etcd: who was answered by one finds his change at the other one, whatever he asks it next', skipping, async () => {
  const prefix = prefixOfTest();
  await using here = await startPlane(prefix);
  await using there = await startPlane(prefix);
  const sides = [configMapsOf(here), configMapsOf(there)] as const;
  for (let index = 0; index < 20; index++) {
    const [mine, theirs] = index % 2 === 0 ? sides : ([sides[1], sides[0]] as const);
    const name = `map-${index}`;
    const made = await mine.create(configMap(name));
    assert.equal((await theirs.get(name, NAMESPACE)).metadata.uid, made.metadata.uid);
    const changed = await theirs.update({ ...made, data: { x: '1' } });
    await mine.update({ ...changed, data: { x: '2' } });
    assert.equal((await theirs.list({ namespace: NAMESPACE })).items.find(({ metadata }) => metadata.name === name)?.data?.x, '2');
    await theirs.delete(name, NAMESPACE);
    await mine.create(configMap(name));
    await theirs.delete(name, NAMESPACE);
  }
});

test('two API servers on one etcd: a watch of what is begins with what another server has acknowledged', skipping, async () => {
  const prefix = prefixOfTest();
  await using here = await startPlane(prefix);
  await using there = await startPlane(prefix);
  const sides = [configMapsOf(here), configMapsOf(there)] as const;
  for (let index = 0; index < 30; index++) {
    const [mine, theirs] = index % 2 === 0 ? sides : ([sides[1], sides[0]] as const);
    await mine.create(configMap(`map-${index}`));
    // All that is before its end is marked.
    const seen = new Set<string | undefined>();
    const query = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: 'true' };
    const answer = await (theirs === sides[0] ? here : there).server.handler.handle({
      verb: 'watch',
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      namespace: NAMESPACE,
      query,
      user: ADMIN,
    });
    assert.equal(answer.kind, 'watch');
    if (answer.kind !== 'watch') return;
    for await (const event of answer.events) {
      if (event.type === 'BOOKMARK') break;
      seen.add(objectOf(event as WatchEvent<KubeObject>).metadata.name);
    }
    assert.ok(seen.has(`map-${index}`), `${index} of ${seen.size}`);
  }
});

const service = (name: string, spec: object): V1Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: NAMESPACE },
  spec: { ports: [{ port: 80 }], ...spec },
});

test('two API servers on one etcd: no two Services get one address or node port, whoever made them', skipping, async () => {
  const prefix = prefixOfTest();
  await using here = await startPlane(prefix);
  await using there = await startPlane(prefix);
  const sides = [here, there].map(({ client }) => client.resource<V1Service>(SERVICES));
  // Of 251 addresses, in the order in which both sides happen to come to it.
  const count = 60;
  await Promise.all(
    sides.flatMap((side, number) => Array.from({ length: count }, (_, index) => side.create(service(`s-${number}-${index}`, { type: 'NodePort' })))),
  );
  const wanted = sides.map((side, number) => side.create(service(`same-port-${number}`, { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })));
  const asked = sides.map((side, number) => side.create(service(`same-address-${number}`, { clusterIP: '10.96.0.77' })));
  const outcomes = await Promise.all([Promise.allSettled(wanted), Promise.allSettled(asked)]);
  const { items } = (await sides[0]?.list({ namespace: NAMESPACE })) ?? assert.fail();
  const all = { addresses: items.map(({ spec }) => spec?.clusterIP), ports: items.flatMap(({ spec }) => spec?.ports?.map(({ nodePort }) => nodePort) ?? []) };
  const given = all.ports.filter((port) => port !== undefined);
  assert.equal(new Set(all.addresses).size, items.length);
  assert.equal(new Set(given).size, given.length);
  assert.ok(items.length >= 2 * count);
  for (const outcome of outcomes) assert.ok(outcome.filter(({ status }) => status === 'fulfilled').length <= 1);
  const refused = outcomes[0].find((one) => one.status === 'rejected');
  assert.match(String(refused?.reason), /spec\.ports\[0\]\.nodePort: Invalid value: 30080: provided port is already allocated/);
});

test('an API server that was cut off until its past was forgotten tells its watchers the difference', skipping, async () => {
  const prefix = prefixOfTest();
  await using cable = await startCable(etcd?.endpoints[0] ?? '');
  await using near = await startPlane(prefix);
  await near.client.resource<V1ConfigMap>(CONFIG_MAPS).create(configMap('goes'));
  await using far = await startPlane(prefix, cable.endpoint);
  const mine = near.client.resource<V1ConfigMap>(CONFIG_MAPS);
  const begun = Promise.withResolvers<void>();
  const watch = first(far.client.resource<V1ConfigMap>(CONFIG_MAPS).watch({ namespace: NAMESPACE }), 3, begun.resolve);
  await begun.promise;
  cable.cut();
  await mine.delete('goes', NAMESPACE);
  const comes = await mine.create(configMap('comes'));
  await near.store.compact(await near.store.revision());
  cable.mend();
  const events = await watch;
  assert.deepEqual(
    events.map((event) => [event.type, objectOf(event).metadata.name]),
    [
      ['ADDED', 'goes'],
      ['ADDED', 'comes'],
      ['DELETED', 'goes'],
    ],
  );
  assert.equal(events[1] && objectOf(events[1]).metadata.resourceVersion, comes.metadata.resourceVersion);
});

test('two API servers on one etcd: an Event ends with its lease for both, and the Event that the other one wrote later with its own', skipping, async () => {
  const prefix = prefixOfTest();
  const more = { eventTtl_s: 2 };
  await using here = await startPlane(prefix, undefined, more);
  await using there = await startPlane(prefix, undefined, more);
  const [mine, theirs] = [here.client.resource(EVENTS), there.client.resource(EVENTS)];
  const event = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: NAMESPACE },
    involvedObject: { kind: 'Pod', name: 'p', namespace: NAMESPACE },
  });
  const { metadata } = await theirs.list({ namespace: NAMESPACE });
  const watch = first(theirs.watch({ namespace: NAMESPACE, resourceVersion: metadata.resourceVersion ?? '' }), 4);
  await mine.create(event('a'));
  await theirs.create(event('b'));
  // What ends in the same half second ends in any order.
  assert.deepEqual((await watch).map((one) => `${one.type} ${objectOf(one).metadata.name}`).sort(), ['ADDED a', 'ADDED b', 'DELETED a', 'DELETED b']);
  assert.deepEqual((await mine.list({ namespace: NAMESPACE })).items, []);
});

test('of two candidates one leads; at a clean stop the other one does within seconds', skipping, async () => {
  const prefix = prefixOfTest();
  await using here = await startPlane(prefix);
  await using there = await startPlane(prefix);
  const leading = new Set<string>();
  const candidate = ({ client }: Plane, identity: string) => {
    const led = Promise.withResolvers<void>();
    const election = new LeaderElection({
      client,
      clock: systemClock,
      logger: silentLogger,
      name: 'kube-scheduler',
      identity,
      async lead() {
        assert.deepEqual([...leading], []);
        leading.add(identity);
        led.resolve();
      },
      cease: async () => void leading.delete(identity),
    });
    election.start();
    return { election, led: led.promise };
  };
  const one = candidate(here, 'one');
  await one.led;
  const other = candidate(there, 'other');
  await one.election.stop();
  await other.led;
  const lease = await there.client.resource(LEASES).get('kube-scheduler', 'kube-system');
  // Decoded as a Lease.
  const { spec } = lease as KubeObject & { spec: { holderIdentity: string; leaseTransitions: number } };
  assert.equal(spec.holderIdentity, 'other');
  assert.ok(spec.leaseTransitions >= 1);
  await other.election.stop();
  assert.deepEqual([...leading], []);
});
