import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SERVED_RESOURCES } from '#cluster/api';
import { swaggerOf, swaggerText } from './swagger.ts';
import { encodeSwagger } from './swagger-protobuf.ts';

/** How many turns of the event loop others have had until it is there. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const done = work.finally(() => (isDone = true));
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    turns += 1;
  }
  await done;
  return turns;
}

test('the whole document is made bit by bit, and others have their turn; its text says the same', async () => {
  const making = swaggerOf(SERVED_RESOURCES, { title: 'Kubernetes', version: 'v1' });
  assert.ok((await turnsOf(making)) > 10);
  const swagger = await making;
  const text = swaggerText(swagger);
  assert.ok((await turnsOf(text)) > 10);
  assert.equal((await text).toString(), JSON.stringify(swagger));
  const encoded = encodeSwagger(swagger);
  assert.ok((await turnsOf(encoded)) > 10);
  assert.ok((await encoded).includes('v1.PodSpec'));
});
