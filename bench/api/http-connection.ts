import { connect, type TLSSocket } from 'node:tls';

/** Where a server listens, and as whom it is asked. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** PEM of the authority of its certificate. */
  readonly ca: string;
  readonly token: string;
}
export interface Answer {
  readonly status: number;
  readonly bytes: number;
  readonly body: string;
}
interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly keep: boolean;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);

/**
 * One connection of HTTP/1.1 over TLS with one request at a time, with no more to it than a measurement needs: a client library would cost more
 * than what it measures.
 */
export class HttpConnection {
  readonly #socket: TLSSocket;
  readonly #head: string;
  #waiting: Waiting | undefined;
  #onPiece: ((piece: Buffer) => void) | undefined;
  #unread: Buffer = NOTHING;
  #status = 0;
  /** Of the body: what is still to come of it or of its chunk; -1 before its head was read. */
  #left = -1;
  #isChunked = false;
  #bytes = 0;
  #pieces: Buffer[] = [];

  static async open(target: Target): Promise<HttpConnection> {
    const { host, port, ca } = target;
    const socket = connect({ host, port, ca, servername: 'localhost', ALPNProtocols: ['http/1.1'] });
    socket.setNoDelay(true);
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return new HttpConnection(socket, target);
  }

  private constructor(socket: TLSSocket, { host, token }: Target) {
    this.#socket = socket;
    this.#head = `Host: ${host}\r\nAuthorization: Bearer ${token}\r\nUser-Agent: bench\r\nAccept: application/json\r\n`;
    socket.removeAllListeners('error');
    socket.on('data', (piece: Buffer) => (this.#onPiece ? this.#onPiece(piece) : this.#read(piece)));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /** `keep`: with the text of the body, which a refusal always has. */
  ask(method: string, path: string, { body, type = 'application/json', keep = false }: { body?: string; type?: string; keep?: boolean } = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, keep };
      this.#socket.write(this.#request(method, path, body, type));
    });
  }

  /** Asks for what does not end, and gives each piece of it as it comes off the wire, the answer's head in the first. */
  stream(path: string, onPiece: (piece: Buffer) => void): void {
    this.#onPiece = onPiece;
    this.#socket.write(this.#request('GET', path, undefined, ''));
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #request(method: string, path: string, body: string | undefined, type: string): string {
    const content = body === undefined ? '' : `Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    return `${method} ${path} HTTP/1.1\r\n${this.#head}${content}\r\n${body ?? ''}`;
  }

  #read(piece: Buffer): void {
    let rest = this.#unread.length === 0 ? piece : Buffer.concat([this.#unread, piece]);
    this.#unread = NOTHING;
    if (this.#left < 0) {
      const end = rest.indexOf(HEAD_END);
      if (end < 0) return void (this.#unread = rest);
      this.#readHead(rest.toString('latin1', 0, end));
      rest = rest.subarray(end + HEAD_END.length);
    }
    if (this.#isChunked) return this.#readChunks(rest);
    this.#take(rest);
    if (this.#left === 0) this.#done();
  }

  #readHead(head: string): void {
    this.#status = Number(head.slice(9, 12));
    this.#isChunked = /^transfer-encoding: chunked/im.test(head);
    this.#left = this.#isChunked ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  }

  #take(piece: Buffer): void {
    this.#left -= piece.length;
    this.#bytes += piece.length;
    if (this.#waiting?.keep || this.#status >= 300) this.#pieces.push(piece);
  }

  #readChunks(piece: Buffer): void {
    let rest = piece;
    for (;;) {
      if (this.#left > 0) {
        const part = rest.subarray(0, this.#left);
        this.#take(part);
        rest = rest.subarray(part.length);
        if (this.#left > 0) return;
      }
      // The end of a chunk's line, behind that of the chunk before where there was one.
      const start = rest.length >= 2 && rest[0] === LINE_END[0] ? 2 : 0;
      const end = rest.indexOf(LINE_END, start);
      if (end < 0) return void (this.#unread = rest);
      const size = Number.parseInt(rest.toString('latin1', start, end), 16);
      if (size === 0) {
        if (rest.length < end + 4) return void (this.#unread = rest);
        return this.#done();
      }
      this.#left = size;
      rest = rest.subarray(end + 2);
    }
  }

  #done(): void {
    const waiting = this.#waiting;
    const answer = { status: this.#status, bytes: this.#bytes, body: Buffer.concat(this.#pieces).toString() };
    this.#waiting = undefined;
    this.#left = -1;
    this.#bytes = 0;
    this.#pieces = [];
    waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
