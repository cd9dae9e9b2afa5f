import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBody } from './body.ts';

const check = async (text: string, mediaType: string, expected: unknown) => assert.deepEqual(await parseBody(Buffer.from(text), mediaType), expected);

test('JSON, its patches, and YAML in both of its styles are read', async () => {
  await check('{"a":1}', 'application/json', { a: 1 });
  await check('[{"op":"test"}]', 'application/json-patch+json', [{ op: 'test' }]);
  await check('a: 1\nb: [x]\n', 'application/yaml', { a: 1, b: ['x'] });
  await check('{a: 1}', 'application/apply-patch+yaml', { a: 1 });
});
test('what is neither is refused, saying why', async () => {
  await assert.rejects(parseBody(Buffer.from('{'), 'application/json'), /Cannot read the request body: /);
  await assert.rejects(parseBody(Buffer.from('x'), 'text/plain'), /unknown format - accepted media types include: application\/json/);
});
