import { writeSync } from 'node:fs';
import { openLmdbStore } from './open.ts';
import type { LeaseId } from './types.ts';

// Writes until it is killed: `storm-writer.testing.ts PATH FIRST,FIRST,…`, one writer for each number, each with a key of its own. Before a
// write is begun a line `i WRITER NUMBER` says so, once it is acknowledged `a WRITER NUMBER`. Every third writer binds what it writes to a lease,
// of two keys at one revision; where others delete it ends the lease.

const [path = '', firsts = ''] = process.argv.slice(2);
const STDOUT = 1;
/** Every so many writes of a key the key is deleted. */
const DELETE_EVERY = 5;

const LEASE_EVERY = 3;

const store = await openLmdbStore({ path, historyLimit: 500 });
await Promise.all(
  firsts.split(',').map(async (first, writer) => {
    const key = `/w/${writer}`;
    let lease = 0;
    for (let number = Number(first); ; number++) {
      writeSync(STDOUT, `i ${writer} ${number}\n`);
      if (writer % LEASE_EVERY === 0) lease = await leased(key, number, lease);
      else if (number % DELETE_EVERY === 0) await store.delete(key);
      else await store.put(key, Buffer.from(String(number)));
      writeSync(STDOUT, `a ${writer} ${number}\n`);
    }
  }),
);

/** Answers the lease that the keys have now, 0 for none. */
async function leased(key: string, number: number, lease: LeaseId): Promise<LeaseId> {
  if (number % DELETE_EVERY === 0) {
    if (lease > 0) await store.revokeLease(lease);
    else await store.transact([{ key }, { key: `${key}/twin` }]);
    return 0;
  }
  const { id } = lease > 0 ? { id: lease } : await store.grantLease(3600);
  await store.transact([key, `${key}/twin`].map((one) => ({ key: one, value: Buffer.from(String(number)), lease: id })));
  return id;
}
