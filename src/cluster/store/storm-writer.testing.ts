import { writeSync } from 'node:fs';
import { openLmdbStore } from './open.ts';

// Writes until it is killed: `storm-writer.testing.ts PATH FIRST,FIRST,…`, one writer for each number, each with a key of its own. Before a
// write is begun a line `i WRITER NUMBER` says so, once it is acknowledged `a WRITER NUMBER`.

const [path = '', firsts = ''] = process.argv.slice(2);
const STDOUT = 1;
/** Every so many writes of a key the key is deleted. */
const DELETE_EVERY = 5;

const store = await openLmdbStore({ path, historyLimit: 500 });
await Promise.all(
  firsts.split(',').map(async (first, writer) => {
    const key = `/w/${writer}`;
    for (let number = Number(first); ; number++) {
      writeSync(STDOUT, `i ${writer} ${number}\n`);
      if (number % DELETE_EVERY === 0) await store.delete(key);
      else await store.put(key, Buffer.from(String(number)));
      writeSync(STDOUT, `a ${writer} ${number}\n`);
    }
  }),
);
