import { Duplex } from 'node:stream';
import { CONTROL, controlFrame, dataFrame, FLAG_FIN, type Frame, FrameReader, numbers } from './frames.ts';
import { createHeaderCodec, type SpdyHeaders } from './headers.ts';

const RST_PROTOCOL_ERROR = 1;
const RST_CANCEL = 5;
const PIECE_BYTES = 32 * 1024;

/**
 * The server's side of one SPDY/3.1 connection, as Kubernetes' clients use it: the client opens streams, both sides send data.
 * There is no flow control per stream (the clients have none): a stream that isn't read holds the connection.
 */
export class SpdySession {
  readonly #transport: Duplex;
  readonly #codec = createHeaderCodec();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #onStream: (stream: Duplex, headers: SpdyHeaders) => void;
  readonly #onError: (error: unknown) => void;
  /** Resolves when the connection has ended, for whatever reason; every stream is closed then. */
  readonly closed: Promise<void>;

  /** `onError` is told why a connection broke; its streams are closed as after an orderly end. */
  constructor(transport: Duplex, onStream: (stream: Duplex, headers: SpdyHeaders) => void, onError: (error: unknown) => void) {
    this.#transport = transport;
    this.#onStream = onStream;
    this.#onError = onError;
    this.closed = this.#run();
  }

  close(): void {
    this.#transport.end(controlFrame(CONTROL.goAway, 0, numbers(0, 0)));
  }

  async #run(): Promise<void> {
    const reader = new FrameReader();
    try {
      for await (const bytes of this.#transport) {
        for (const frame of reader.push(bytes)) await this.#handle(frame);
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#transport.destroy();
      this.#codec[Symbol.dispose]();
      for (const stream of this.#streams.values()) stream.connectionEnded();
      this.#streams.clear();
    }
  }

  async #handle(frame: Frame): Promise<void> {
    if (frame.kind === 'data') {
      await this.#streams.get(frame.streamId)?.receive(frame.payload, (frame.flags & FLAG_FIN) !== 0);
      return;
    }
    switch (frame.type) {
      case CONTROL.synStream:
        return await this.#open(frame.payload, frame.flags);
      case CONTROL.rstStream:
        this.#streams.get(frame.payload.readUInt32BE(0) & 0x7fffffff)?.connectionEnded();
        return;
      case CONTROL.ping:
        await this.#send(controlFrame(CONTROL.ping, 0, frame.payload));
        return;
      case CONTROL.headers:
        // Not used by the clients, but it moves the compression's state.
        await this.#codec.decode(frame.payload.subarray(4));
        return;
      default:
        // SETTINGS, GOAWAY and WINDOW_UPDATE ask nothing of a side that neither opens streams nor counts windows.
        return;
    }
  }

  async #open(payload: Buffer, flags: number): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    const headers = await this.#codec.decode(payload.subarray(10));
    if (this.#streams.has(id)) {
      await this.#send(controlFrame(CONTROL.rstStream, 0, numbers(id, RST_PROTOCOL_ERROR)));
      return;
    }
    const stream = new SpdyStream(
      id,
      (bytes) => this.#send(bytes),
      () => this.#streams.delete(id),
    );
    this.#streams.set(id, stream);
    await this.#send(controlFrame(CONTROL.synReply, 0, Buffer.concat([numbers(id), await this.#codec.encode({})])));
    if ((flags & FLAG_FIN) !== 0) await stream.receive(Buffer.alloc(0), true);
    this.#onStream(stream, headers);
  }

  #send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#transport.writable) this.#transport.write(bytes, () => resolve());
      else resolve();
    });
  }
}

class SpdyStream extends Duplex {
  readonly #id: number;
  readonly #send: (bytes: Uint8Array) => Promise<void>;
  readonly #forget: () => void;
  #resume: (() => void) | undefined;
  #remoteDone = false;
  #localDone = false;

  constructor(id: number, send: (bytes: Uint8Array) => Promise<void>, forget: () => void) {
    super({ allowHalfOpen: true });
    this.#id = id;
    this.#send = send;
    this.#forget = forget;
  }

  /** Resolves when there is room for more. */
  async receive(bytes: Buffer, last: boolean): Promise<void> {
    if (this.destroyed) return;
    const room = bytes.length === 0 || this.push(bytes);
    if (last) {
      this.#remoteDone = true;
      this.push(null);
    } else if (!room) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
  }

  connectionEnded(): void {
    this.#localDone = true;
    this.#remoteDone = true;
    this.destroy();
  }

  override _read(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    void this.#sendPieces(chunk).then(() => callback());
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#localDone = true;
    void this.#send(dataFrame(this.#id, FLAG_FIN, Buffer.alloc(0))).then(() => callback());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this._read();
    this.#forget();
    if (!this.#localDone || !this.#remoteDone) void this.#send(controlFrame(CONTROL.rstStream, 0, numbers(this.#id, RST_CANCEL)));
    callback(error);
  }

  async #sendPieces(chunk: Buffer): Promise<void> {
    for (let offset = 0; offset < chunk.length; offset += PIECE_BYTES) {
      await this.#send(dataFrame(this.#id, 0, chunk.subarray(offset, offset + PIECE_BYTES)));
    }
  }
}
