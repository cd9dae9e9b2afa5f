import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pieces } from './frames.ts';

function frame(number: number, content: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = number;
  header.writeUInt32BE(Buffer.byteLength(content), 4);
  return Buffer.concat([header, Buffer.from(content)]);
}

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (const size of sizes) {
    yield bytes.subarray(start, start + size);
    start += size;
  }
  yield bytes.subarray(start);
}

async function joined(source: AsyncIterable<Uint8Array>): Promise<{ stdout: string; stderr: string }> {
  const both = { stdout: '', stderr: '' };
  for await (const { stream, content } of pieces(source)) both[stream] += content.toString('latin1');
  return both;
}

test('the outputs come apart, however the stream was cut', async () => {
  const word = fc.string({ unit: 'binary-ascii', maxLength: 20 });
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), word), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(frames, fc.array(fc.nat(9), { maxLength: 30 }), async (list, sizes) => {
      const bytes = Buffer.concat(list.map(([number, text]) => frame(number, text)));
      const of = (number: number) =>
        list
          .filter(([own]) => own === number)
          .map(([, text]) => text)
          .join('');
      assert.deepEqual(await joined(cut(bytes, sizes)), { stdout: of(1), stderr: of(2) });
    }),
  );
});

test('a stream that breaks off or is none is told', async () => {
  await assert.rejects(joined(cut(frame(1, 'hello').subarray(0, 10), [])), /broke off/);
  await assert.rejects(joined(cut(Buffer.from([1, 0, 0]), [])), /broke off/);
  await assert.rejects(joined(cut(Buffer.from('plain text'), [])), /706c61696e207465/);
});
