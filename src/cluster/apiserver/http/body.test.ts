import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBody as parseBodyWith } from './body.ts';
import { YamlReader } from './yaml-reader.ts';

const reader = new YamlReader();
const parseBody = (bytes: Buffer, mediaType: string) => parseBodyWith(bytes, mediaType, reader);

const check = async (text: string, mediaType: string, expected: unknown) => assert.deepEqual((await parseBody(Buffer.from(text), mediaType)).value, expected);

test('JSON, its patches, and YAML in both of its styles are read', async () => {
  await check('{"a":1}', 'application/json', { a: 1 });
  await check('[{"op":"test"}]', 'application/json-patch+json', [{ op: 'test' }]);
  await check('a: 1\nb: [x]\n', 'application/yaml', { a: 1, b: ['x'] });
  await check('{a: 1}', 'application/apply-patch+yaml', { a: 1 });
});
test('YAML is read as Kubernetes reads it: truth values and merge keys of 1.1, and the first document', async () => {
  await check('a: yes\nb: Off\nc: "yes"\nd: yesterday\n', 'application/yaml', { a: true, b: false, c: 'yes', d: 'yesterday' });
  await check('x: &x {a: 1}\ny1: {<<: *x, b: 2}\n', 'application/yaml', { x: { a: 1 }, y1: { a: 1, b: 2 } });
  await check('a: 1\n---\nb: 2\n', 'application/yaml', { a: 1 });
});
test('what is neither is refused, saying why', async () => {
  await assert.rejects(parseBody(Buffer.from('{'), 'application/json'), /Cannot read the request body: /);
  await assert.rejects(parseBody(Buffer.from('x'), 'text/plain'), /unknown format - accepted media types include: application\/json/);
});
test('what a text says twice is told as Kubernetes tells it, and the last word counts', async () => {
  const twice = async (text: string, mediaType: string) => await parseBody(Buffer.from(text), mediaType);
  assert.deepEqual(await twice('{"a":1,"a":2}', 'application/json'), { value: { a: 2 }, repeated: ['duplicate field "a"'] });
  assert.deepEqual(await twice('a:\n  b: 1\n  b: 2\n', 'application/yaml'), { value: { a: { b: 2 } }, repeated: ['line 3: key "b" already set in map'] });
  assert.deepEqual(await twice('a: &x {b: 1}\nc: *x\n', 'application/yaml'), { value: { a: { b: 1 }, c: { b: 1 } }, repeated: [] });
});
test('nesting and aliases without bounds are refused', async () => {
  const refused = (text: string, mediaType: string, words: RegExp) => assert.rejects(parseBody(Buffer.from(text), mediaType), words);
  await refused(`${'['.repeat(1001)}${']'.repeat(1001)}`, 'application/json', /exceeded max depth/);
  await refused('['.repeat(1 << 20), 'application/json', /exceeded max depth/);
  await refused(`x: ${'['.repeat(1001)}${']'.repeat(1001)}`, 'application/yaml', /exceeded max depth|call stack/);
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]}, `.repeat(9)}]`),
  ];
  await refused(bomb.join('\n'), 'application/yaml', /document contains excessive aliasing/);
});
test('a large text of YAML is read beside the event loop: to the same value, with the same words and bounds', async () => {
  const items = Array.from({ length: 6000 }, (_, index) => `key-${index}: {name: ü${index}, list: [1, .inf, ~]}`);
  const large = `${items.join('\n')}\nkey-7: again\n`;
  const before = process.threadCpuUsage();
  const { value, repeated } = await parseBody(Buffer.from(large), 'application/yaml');
  const { user, system } = process.threadCpuUsage(before);
  assert.deepEqual([Object.keys(value as object).length, repeated], [6000, ['line 6001: key "key-7" already set in map']]);
  assert.deepEqual((value as Record<string, unknown>)['key-3'], { name: 'ü3', list: [1, Number.POSITIVE_INFINITY, null] });
  // In this thread it takes 300 ms.
  assert.ok(user + system < 100_000, `${user + system} µs of this thread`);
  await Promise.all(['a', 'b'].map((name) => check(`${name}: ${'x'.repeat(40_000)}`, 'application/yaml', { [name]: 'x'.repeat(40_000) })));
  await assert.rejects(parseBody(Buffer.from(`${large}deep: ${'['.repeat(1001)}${']'.repeat(1001)}`), 'application/yaml'), /exceeded max depth|call stack/);
  await assert.rejects(parseBody(Buffer.from(`${large}? [`), 'application/yaml'), /Cannot read the request body: .* at line \d+/);
});
