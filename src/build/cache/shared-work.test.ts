import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedWork } from './shared-work.ts';

const never = new AbortController().signal;

test('who asks for the same at the same time gets the same; later it is done again', async () => {
  const work = new SharedWork<number>();
  const gate = Promise.withResolvers<void>();
  let count = 0;
  const perform = async () => {
    await gate.promise;
    return (count += 1);
  };
  const both = [work.run('a', never, perform), work.run('a', never, perform), work.run('b', never, perform)];
  gate.resolve();
  assert.deepEqual(
    (await Promise.all(both)).map(({ joined }) => joined),
    [false, true, false],
  );
  assert.equal(count, 2);
  assert.deepEqual(await work.run('a', never, perform), { result: 3, joined: false });
});

test('the failure of another is not taken over', async () => {
  const work = new SharedWork<string>();
  const gate = Promise.withResolvers<string>();
  const first = work.run('a', never, () => gate.promise);
  const second = work.run('a', never, () => Promise.resolve('own'));
  gate.reject(new Error('its client went away'));
  await assert.rejects(first, /its client went away/);
  assert.deepEqual(await second, { result: 'own', joined: false });
});

test('who waits for another may give up, and the other goes on', async () => {
  const work = new SharedWork<string>();
  const gate = Promise.withResolvers<string>();
  const first = work.run('a', never, () => gate.promise);
  const gone = new AbortController();
  const second = work.run('a', gone.signal, () => Promise.resolve('own'));
  gone.abort(new Error('gone'));
  await assert.rejects(second, /gone/);
  gate.resolve('done');
  assert.equal((await first).result, 'done');
});
