import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createApiServer } from '#cluster/apiserver';
import type { V1ConfigMap } from '#cluster/api';
import { CONFIG_MAPS, createInformer, httpClient, type Informer, inProcessClient } from '#cluster/client';
import { openMemoryStore } from '#cluster/store';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { seeded } from '../support/seeded.ts';
import { selfSigned } from '../support/self-signed.ts';

/** A sample, or with GANTRY_SOAK_WATCHES as many watches as that says, fifty compactions and five cuts for each watch. */
const SOAK = process.env.GANTRY_SOAK_WATCHES;
const WATCHES = Number(SOAK ?? 20);
const ROUNDS = SOAK === undefined ? 6 : 50;
const CUTS = Math.ceil(WATCHES / 10);
const SEED = Number(process.env.GANTRY_SEED ?? 1);
const CHANGES = 10;
const NAMES = ['a', 'b', 'c', 'd'];
/** An informer asks at most three times for each cut: a watch that is too late, a list, a watch. */
const ASKS_FOR_A_CUT = 3;
const GROWTH_MAX_BYTES = 16e6;

const base = { clock: systemClock, random: systemRandom, logger: silentLogger };
const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };

/** Bytes from here to that port, over connections that can be cut. */
async function startRelay(port: number) {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    open.add(near);
    const end = () => {
      open.delete(near);
      near.destroy();
      far.destroy();
    };
    for (const one of [near, far]) one.on('error', end).on('close', end);
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Bound to a host and port, not a path: the address is an object.
  return { server, open, port: (server.address() as AddressInfo).port };
}

/** What one informer was told, checked as it comes: nothing twice, nothing that was over, no change of what is not there. */
class Told {
  readonly informer: Informer<V1ConfigMap>;
  readonly #known = new Map<string, number>();
  #wanted = '';
  #seen = Promise.withResolvers<void>();
  changes = 0;
  faults: string[] = [];

  constructor(informer: Informer<V1ConfigMap>) {
    this.informer = informer;
    informer.onChange(({ type, object: { metadata } }) => {
      const [name, revision] = [metadata.name ?? '', Number(metadata.resourceVersion)];
      const before = this.#known.get(name);
      if ((type === 'added') !== (before === undefined)) this.faults.push(`${name} ${type} at ${revision}, known of ${before}`);
      if (before !== undefined && revision < before + (type === 'deleted' ? 0 : 1)) this.faults.push(`${name} ${type} at ${revision} after ${before}`);
      if (type === 'deleted') this.#known.delete(name);
      else this.#known.set(name, revision);
      this.changes += 1;
      this.#look();
    });
  }

  /** Resolves when the object of that name is seen. */
  async until(name: string): Promise<void> {
    this.#wanted = name;
    this.#seen = Promise.withResolvers();
    this.#look();
    await this.#seen.promise;
  }

  #look(): void {
    if (this.informer.get('default', this.#wanted) !== undefined) this.#seen.resolve();
  }
}

/** Writes in turn: makes, changes and removes; resolves with how many changes that were, the mark included. */
function writer(client: ReturnType<typeof inProcessClient>, fraction: () => number) {
  const maps = client.resource<V1ConfigMap>(CONFIG_MAPS);
  const there = new Set<string>();
  const make = (name: string) => maps.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } });
  return async (mark: string): Promise<number> => {
    for (let index = 0; index < CHANGES; index += 1) {
      const name = NAMES[Math.floor(fraction() * NAMES.length)] ?? '';
      if (!there.has(name)) await make(name).then(() => there.add(name));
      else if (fraction() < 0.2) await maps.delete(name, 'default').then(() => there.delete(name));
      else await maps.patch(name, 'default', 'merge', { data: { value: `${mark}/${index}` } });
    }
    await make(mark);
    return CHANGES + 1;
  };
}

function heap(): number {
  setFlagsFromString('--expose-gc');
  // The function that the flag gives.
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

test(`${WATCHES} watches over HTTP through ${ROUNDS * CUTS} cut connections and ${ROUNDS} compactions: nothing lost, nothing twice, no storm`, async (t) => {
  const random = seeded(SEED);
  const store = await openMemoryStore();
  const server = await createApiServer({
    ...base,
    store,
    serviceCidr: '10.96.0.0/24',
    nodes: () => undefined,
    version: 'v1.36.0+gantry-test',
    tokens: new Map([['secret', ADMIN]]),
  });
  const { cert, key } = await selfSigned();
  const { port } = await server.listen({ host: '127.0.0.1', port: 0, cert, key });
  const relay = await startRelay(port);
  const client = httpClient({ server: `https://127.0.0.1:${relay.port}`, ca: cert, token: 'secret' });
  const within = inProcessClient(server.handler, ADMIN);
  const write = writer(within, random);
  let asked = 0;
  const count = () => (asked += 1);
  subscribe('http.client.request.start', count);
  const told = Array.from({ length: WATCHES }, () => new Told(createInformer<V1ConfigMap>(client, CONFIG_MAPS, { ...base, namespace: 'default' })));
  try {
    await Promise.all(told.map(({ informer }) => informer.start()));
    const atFirst = asked;
    const begun_ms = performance.now();
    let warm = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = told.map(({ changes }) => changes);
      const mark = `mark-${round}`;
      for (let cut = 0; cut < CUTS; cut += 1) [...relay.open][Math.floor(random() * relay.open.size)]?.destroy();
      const changes = await write(mark);
      // Those that were cut are too late in every second round; in the others they miss nothing of what happened meanwhile.
      const isForgotten = round % 2 === 1;
      if (isForgotten) await store.compact(await store.revision());
      await Promise.all(told.map((one) => one.until(mark)));
      if (!isForgotten) {
        for (const [index, one] of told.entries()) assert.equal(one.changes - (before[index] ?? 0), changes, `watch ${index}, round ${round}, seed ${SEED}`);
        await store.compact(await store.revision());
      }
      if (round === Math.floor(ROUNDS / 5)) warm = heap();
    }
    const minutes = (performance.now() - begun_ms) / 60_000;
    const growth_bytes = heap() - warm;
    t.diagnostic(
      `${asked - atFirst} requests in ${minutes.toFixed(2)} min (${Math.round((asked - atFirst) / minutes)} a minute), heap ${(growth_bytes / 1e6).toFixed(1)} MB more`,
    );
    const stands = JSON.stringify([...(await within.resource<V1ConfigMap>(CONFIG_MAPS).list({ namespace: 'default' })).items.map(revisionOf)].sort());
    for (const { informer, faults } of told) {
      assert.deepEqual(faults, [], `seed ${SEED}`);
      assert.equal(JSON.stringify(informer.list('default').map(revisionOf).sort()), stands);
    }
    assert.ok(asked - atFirst <= ROUNDS * CUTS * ASKS_FOR_A_CUT, `${asked - atFirst} requests`);
    assert.ok(growth_bytes < GROWTH_MAX_BYTES, `${growth_bytes} bytes more`);
  } finally {
    unsubscribe('http.client.request.start', count);
    await Promise.all(told.map(({ informer }) => informer.stop()));
    await client.close();
    await within.close();
    await server.stop();
    relay.server.close();
    await store.close();
  }
});

function revisionOf({ metadata: { name, resourceVersion } }: V1ConfigMap): string {
  return `${name} ${resourceVersion}`;
}
