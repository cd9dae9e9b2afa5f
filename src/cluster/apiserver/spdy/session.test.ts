import assert from 'node:assert/strict';
import { Duplex, duplexPair } from 'node:stream';
import { test } from 'node:test';
import { CONTROL, controlFrame, dataFrame, FLAG_FIN, FrameReader, numbers } from './frames.ts';
import { createHeaderCodec, type SpdyHeaders } from './headers.ts';
import { SpdySession } from './session.ts';

test('headers survive the way through both compressors, several blocks in a row', async () => {
  using client = createHeaderCodec();
  using server = createHeaderCodec();
  for (const headers of [{ streamtype: 'error', port: '80' }, { streamtype: 'data', port: '80' }, {}]) {
    assert.deepEqual(await server.decode(await client.encode(headers)), headers);
  }
});

test('frames are cut out of bytes that come one by one', () => {
  const bytes = Buffer.concat([controlFrame(CONTROL.ping, 0, numbers(7)), dataFrame(3, FLAG_FIN, Buffer.from('hi'))]);
  const reader = new FrameReader();
  const frames = [...bytes].flatMap((byte) => [...reader.push(Buffer.from([byte]))]);
  assert.deepEqual(
    frames.map((frame) => [frame.kind, frame.flags, frame.payload.toString('latin1')]),
    [
      ['control', 0, '\0\0\0\x07'],
      ['data', 1, 'hi'],
    ],
  );
});

test('a stream that the client opens carries data both ways and half-closes', async () => {
  const [ours, theirs] = duplexPair();
  using codec = createHeaderCodec();
  const opened = Promise.withResolvers<{ stream: Duplex; headers: SpdyHeaders }>();
  const session = new SpdySession(
    ours,
    (stream, headers) => opened.resolve({ stream, headers }),
    () => {},
  );
  theirs.write(controlFrame(CONTROL.synStream, 0, Buffer.concat([numbers(1, 0), Buffer.alloc(2), await codec.encode({ streamtype: 'data' })])));
  theirs.write(dataFrame(1, FLAG_FIN, Buffer.from('question')));
  const { stream, headers } = await opened.promise;
  assert.equal(headers.streamtype, 'data');
  assert.equal((await stream.toArray()).join(''), 'question');
  stream.end('answer');
  const reader = new FrameReader();
  const frames = [];
  for await (const bytes of theirs) {
    frames.push(...reader.push(bytes));
    if (frames.length === 3) break;
  }
  assert.deepEqual(
    frames.map((frame) => [frame.kind, frame.flags]),
    [
      ['control', 0],
      ['data', 0],
      ['data', 1],
    ],
  );
  theirs.destroy();
  session.close();
  await session.closed;
});
