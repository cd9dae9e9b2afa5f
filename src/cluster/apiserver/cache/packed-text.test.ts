import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as property, constantFrom, integer, property as of, string, uint8Array } from 'fast-check';
import { PackedText } from './packed-text.ts';
import { Texts } from './texts.ts';

const pod = (name: string, more: object = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      metadata: { name, uid: `${name}-uid`, labels: { app: 'a' } },
      spec: { words: Array.from({ length: 50 }, (_, index) => `word ${index}`), ...more },
    }),
  );

test('a text comes back as it was, whatever it is beside', () => {
  const pieces = array(constantFrom('"a":1,', '"word":"ü",', '{"x":[1,2]},', ',', '"', 'z'.repeat(200)));
  const text = pieces.map((parts) => Buffer.from(parts.join('')));
  property(
    of(text, text, (one, like) => {
      assert.deepEqual(PackedText.of(one, like).bytes, one);
      assert.deepEqual(PackedText.of(one).bytes, one);
    }),
  );
  property(
    of(text, text, integer({ min: 0, max: 500 }), (one, like, skip) => {
      const packed = PackedText.of(one, like);
      const target = Buffer.alloc(one.length + 3);
      assert.deepEqual(target.subarray(3, packed.writeTo(target, 3, skip)), one.subarray(skip));
      assert.equal(packed.beginsWith(one.toString('latin1', 0, skip)), true);
      assert.equal(packed.beginsWith(`${one.toString('latin1', 0, skip)}?`), false);
    }),
  );
  property(of(uint8Array(), string(), (bytes, like) => assert.deepEqual(new Uint8Array(PackedText.of(Buffer.from(bytes), Buffer.from(like)).bytes), bytes)));
});

test('what siblings have in common is held once: also where one has a field more, or a longer name', () => {
  const like = pod('server-1');
  for (const other of [pod('server-2'), pod('a-name-that-is-longer'), pod('server-3', { node: 'n' }), pod('server-4', { tail: 'x'.repeat(90) })]) {
    const packed = PackedText.of(other, like);
    assert.ok(packed.own < 300, `${packed.own} of ${other.length} bytes are its own`);
    assert.deepEqual(packed.bytes, other);
  }
});

test('each is held beside the last that was unlike its siblings; one that changes again and again, too', () => {
  const texts = new Texts();
  const all = [pod('a'), pod('b'), Buffer.from(JSON.stringify('ä'.repeat(700))), pod('c'), Buffer.from('"short"'), pod('a', { changed: 'once' })];
  const packed = all.map((text) => texts.pack([text.subarray(0, 9), text.subarray(9)], 'owner'));
  assert.deepEqual(
    packed.map((one) => one.bytes.toString()),
    all.map((one) => one.toString()),
  );
  assert.ok((packed[1]?.own ?? 0) < 300);
  assert.ok((packed[5]?.own ?? 0) < 300);
});
