import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOutput } from './build-output.ts';

const image = { kind: 'image', push: false, names: [], compression: undefined };
const zstd = { compression: 'zstd', compressionlevel: undefined, forcecompression: false };

for (const [text, expected] of [
  [undefined, image],
  ['type=image', image],
  ['out', { kind: 'folder', path: 'out' }],
  ['type=local,dest=out', { kind: 'folder', path: 'out' }],
  ['-', { kind: 'archive', of: 'files', path: '-' }],
  ['type=tar,dest=a=b.tar', { kind: 'archive', of: 'files', path: 'a=b.tar' }],
  ['type=oci,dest=x,compression=zstd', { kind: 'archive', of: 'image', path: 'x', compression: zstd }],
  ['type=image,compression=zstd', { ...image, compression: zstd }],
  ['type=image,name=a,push=true', { ...image, push: true, names: ['a'] }],
  [
    'type=registry,compression=zstd,compression-level=19,force-compression=true',
    { ...image, push: true, compression: { ...zstd, compressionlevel: '19', forcecompression: true } },
  ],
] as const)
  test(`--output ${text}`, () => assert.deepEqual(parseOutput(text), expected));

for (const [text, message] of [
  ['type=foo', /write DIR, or type=local\|tar/],
  ['type=local', /write type=local,dest=DIR/],
  ['type=tar,compression=zstd', /there is no field compression; tar has dest/],
  ['type=image,compression=lz4', /gzip or zstd, not lz4/],
  ['type=image,compression-level=3', /say compression=/],
  ['type=image,compression=zstd,compression-level=x', /is a number/],
  ['type=image,push=maybe', /push is true or false/],
] as const)
  test(`--output ${text} is refused`, () => assert.throws(() => parseOutput(text), message));
