import { Readable, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { LogLine, ProcessStreams } from '#kit';
import { messageOf } from '#kit';
import type { Call } from './http.ts';
import { feedInput, keysOf, MULTIPLEXED_STREAM, pumpLines, pumpOutput, RAW_STREAM } from './multiplex.ts';
import type { Rooms } from './options.ts';

/** How long a client may go on sending when the output has ended. */
const HEARING_OUT_MS = 2_000;

/** The two directions of a connection that left HTTP. */
export interface Wire {
  readonly input: Readable;
  readonly output: Writable;
}

/** Turns the request's connection to a byte stream: 101 when the client asked to upgrade, else 200 with the body until the end. */
function hijack(call: Call, terminal: boolean): Wire {
  const contentType = terminal || call.minor < 42 ? RAW_STREAM : MULTIPLEXED_STREAM;
  const { upgraded } = call;
  if (!upgraded) {
    call.response.useChunkedEncodingByDefault = false;
    call.response.shouldKeepAlive = false;
    call.begin(contentType);
    return { input: call.request, output: call.response };
  }
  upgraded.socket.write(`HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
  return { input: upgraded.socket, output: upgraded.socket };
}

function detachKeysOf(call: Call, streams: ProcessStreams, own: string | undefined): Buffer {
  try {
    return keysOf(own ?? call.text('detachKeys'));
  } catch (error) {
    streams.detach();
    throw error;
  }
}

/** Joins a client with a process until one of them ends. The process lives on when the client leaves. */
export async function joinStreams(
  call: Call,
  rooms: Rooms,
  streams: ProcessStreams,
  options: {
    terminal: boolean;
    stdout: boolean;
    stderr: boolean;
    /** Lines to write first, until they end or `left` aborts. */
    earlier?: (left: AbortSignal) => AsyncIterable<LogLine>;
    /** The lines are followed to the end of the run, which is all there is to say. */
    endsWithLog?: boolean;
    /** Where a WebSocket carries the bytes, unframed; otherwise the request's own connection. */
    wire?: Wire;
    detachKeys?: string | undefined;
    /** The client asks for the exit code as soon as the stream ends: it must be known by then. */
    untilExited?: boolean;
    /** Told when the client let go by its keys. */
    onDetach?: () => void;
  },
): Promise<void> {
  const keys = detachKeysOf(call, streams, options.detachKeys);
  const wire = options.wire ?? hijack(call, options.terminal);
  const raw = options.terminal || options.wire !== undefined;
  const left = Promise.withResolvers<void>();
  const gone = new AbortController();
  const leave = () => {
    left.resolve();
    gone.abort();
    streams.detach();
    if (!wire.output.destroyed) wire.output.end();
  };
  const leaveByKeys = () => {
    options.onDetach?.();
    leave();
  };
  wire.output.once('close', () => {
    left.resolve();
    gone.abort();
    streams.detach();
  });
  const feeding = feedInput(wire.input, streams, options.terminal ? { keys, onDetach: leaveByKeys } : undefined).catch((error: unknown) => {
    // A client that goes away, or a process that ends while it is fed, is no fault of the daemon's.
    rooms.logger.debug('the input of a stream ended early', { reason: messageOf(error) });
  });
  try {
    if (options.earlier) await pumpLines(options.earlier(gone.signal), wire.output, raw);
    // The log of a run is over when the run is; the streams may have been asked for after it and would wait for the next.
    if (options.endsWithLog) streams.detach();
    await pumpOutput(streams, wire.output, { raw, stdout: options.stdout, stderr: options.stderr });
    if (options.untilExited) await Promise.race([streams.exited, left.promise]);
  } catch (error) {
    rooms.logger.debug('the output of a stream ended early', { reason: messageOf(error) });
  }
  if (!wire.output.destroyed) wire.output.end();
  if (call.upgraded && !options.wire) {
    await finished(wire.output, { readable: false }).catch((error: unknown) => rooms.logger.debug('a stream was cut', { reason: messageOf(error) }));
    // A client that is cut off while it sends loses what it has not read; but it may keep its side open for ever.
    const heardOut = Promise.withResolvers<void>();
    using _limit = rooms.clock.setTimer(HEARING_OUT_MS, heardOut.resolve);
    await Promise.race([feeding, heardOut.promise]);
  }
  wire.input.destroy();
  await feeding;
}
