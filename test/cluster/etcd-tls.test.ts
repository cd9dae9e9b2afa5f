import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openEtcdStore, type StoreEvent } from '#cluster/store';
import { systemClock, systemRandom } from '#kit';
import { etcdMissing, loopbackAddress, startTestEtcd } from '../../src/cluster/store/etcd/etcd.testing.ts';
import { Pki } from '../support/pki.ts';

const skip = etcdMissing();
const revisionOf = (event: StoreEvent) => (event.type === 'put' ? event.item.modRevision : event.revision);

test(
  'etcd over TLS: the authority is believed, and the client shows who it is; without either there is no store, and it says so',
  skip === undefined ? {} : { skip },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gantry-etcd-tls-'));
    const pki = await Pki.create(folder);
    const address = loopbackAddress(systemRandom);
    const [server, client] = [await pki.issue('server', 'server', [address]), await pki.issue('store', 'client')];
    const serving = ['--cert-file', server.cert, '--key-file', server.key];
    await using etcd = await startTestEtcd(1, { address, options: [...serving, '--client-cert-auth', '--trusted-ca-file', pki.authority] });
    assert.match(etcd.endpoints[0] ?? '', /^https:/);
    const prefix = `/test-${systemRandom.hex(8)}`;
    const access = { endpoints: etcd.endpoints, clock: systemClock, prefix };
    const known = { ...access, caFile: pki.authority, certFile: client.cert, keyFile: client.key };
    const store = await openEtcdStore(known);
    const told = Promise.withResolvers<readonly StoreEvent[]>();
    using _watch = await store.watch('/', await store.revision(), told.resolve);
    const item = await store.put('/a', Buffer.from('1'), { expected: 0 });
    assert.deepEqual((await told.promise).map(revisionOf), [item.modRevision]);
    // Another prefix is another store; the keys themselves begin with it.
    const other = await openEtcdStore({ ...known, prefix: `${prefix}x` });
    assert.equal(await other.get('/a'), undefined);
    const all = await openEtcdStore({ ...known, prefix: '/' });
    assert.deepEqual(await all.get(`${prefix.slice(1)}/a`), { ...item, key: `${prefix.slice(1)}/a` });
    await Promise.all([store, other, all].map((one) => one.close()));
    let time_ms = 0;
    // Time goes by quickly, so that patience ends with the second attempt.
    const clock = { ...systemClock, monotonic: () => (time_ms += 15_000) };
    await assert.rejects(openEtcdStore({ ...access, clock, caFile: pki.authority }), { code: 'STORE_UNAVAILABLE' });
    await assert.rejects(openEtcdStore({ ...known, clock, caFile: client.cert }), { code: 'STORE_UNAVAILABLE', message: /certificate|self-signed|unable to/ });
    await rm(folder, { recursive: true });
  },
);
