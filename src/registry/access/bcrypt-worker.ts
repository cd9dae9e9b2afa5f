import { parentPort } from 'node:worker_threads';
import bcrypt from 'bcryptjs';

// The entry of a worker thread: a comparison takes tens of milliseconds of pure computing, by design.
parentPort?.on('message', ({ id, password, hash }: { readonly id: number; readonly password: string; readonly hash: string }) => {
  parentPort?.postMessage({ id, isRight: bcrypt.compareSync(password, hash) });
});
