import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '#kit';
import { type SpdyHeaders, SpdySession } from '../spdy/index.ts';

/** The protocol inside the SPDY connection, plain or tunnelled through a WebSocket. */
export const PORT_FORWARD_PROTOCOL = 'portforward.k8s.io';
export const PORT_FORWARD_TUNNEL = `SPDY/3.1+${PORT_FORWARD_PROTOCOL}`;

/** Serves `kubectl port-forward`: for each connection the client opens two streams, one for errors and one for data. Resolves at the end. */
export async function servePortForward(transport: Duplex, connect: (port: number) => Promise<Duplex>, onError: (error: unknown) => void): Promise<void> {
  const errorStreams = new Map<string, Duplex>();
  const session = new SpdySession(transport, accept, onError);
  await session.closed;

  function accept(stream: Duplex, headers: SpdyHeaders): void {
    stream.on('error', () => stream.destroy());
    const pair = `${headers.requestid ?? ''}/${headers.port}`;
    if (headers.streamtype === 'error') {
      errorStreams.set(pair, stream);
      // The client writes nothing here, and its half of the stream ends at once.
      stream.resume();
    } else if (headers.streamtype === 'data') {
      const error = errorStreams.get(pair);
      errorStreams.delete(pair);
      void forward(stream, error, Number(headers.port));
    } else {
      stream.destroy();
    }
  }

  async function forward(data: Duplex, error: Duplex | undefined, port: number): Promise<void> {
    try {
      const target = await connect(port);
      await joinBoth(data, target);
      error?.end();
    } catch (thrown) {
      error?.end(`error forwarding port ${port}: ${messageOf(thrown)}`);
      data.end();
    }
  }
}

/** Copies both ways until the target has said all it had to say. */
async function joinBoth(data: Duplex, target: Duplex): Promise<void> {
  target.on('error', () => target.destroy());
  data.once('close', () => target.destroy());
  // The client's half may break off at any time: the target then sees the end of its input.
  const inward = pipeline(data, target, { end: true }).catch(() => {});
  await copyToEnd(target, data);
  target.destroy();
  await inward;
}

async function copyToEnd(source: Duplex, sink: Duplex): Promise<void> {
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    if (!sink.writable) return;
    if (!sink.write(chunk)) await drained(sink);
  }
  sink.end();
}

function drained(sink: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      sink.off('drain', done).off('close', done);
      resolve();
    };
    sink.on('drain', done).on('close', done);
  });
}
