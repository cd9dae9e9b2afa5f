import { createSocket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { createServer, isIPv6, type Socket } from 'node:net';
import type { Logger } from '#kit';
import type { Linux } from '#linux';
import type { DnsHandler, IpAddress } from '../types.ts';
import { encodeAnswer, encodeFormatError, RCODE, readQuery, udpBytesMax } from './answer.ts';
import type { Forwarder, Transport } from './forward.ts';
import { frame, FrameReader } from './frames.ts';

const DNS_PORT = 53;
const TCP_BYTES_MAX = 65_535;
const TCP_IDLE_MS = 10_000;

export interface DnsServerOptions {
  readonly linux: Linux;
  /** Path of the namespace in which to answer. */
  readonly namespace: string;
  readonly address: IpAddress;
  readonly handler: DnsHandler;
  readonly forwarder: Forwarder;
  readonly logger: Logger;
}

/** Answers DNS at `address`:53 over UDP and TCP. Errors: the port is taken, the address is not there. */
export async function startDnsServer(options: DnsServerOptions): Promise<AsyncDisposable> {
  const { linux, namespace, address } = options;
  const udpFd = linux.namespaces.bindUdp(namespace, address, DNS_PORT);
  let tcpFd: number;
  try {
    tcpFd = linux.namespaces.listenTcp(namespace, address, DNS_PORT);
  } catch (error) {
    closeSync(udpFd);
    throw error;
  }
  const closeUdp = serveUdp(udpFd, options);
  const closeTcp = serveTcp(tcpFd, options);
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([closeUdp(), closeTcp()]);
    },
  };
}

function serveUdp(fd: number, options: DnsServerOptions): () => Promise<void> {
  const socket = createSocket(isIPv6(options.address) ? 'udp6' : 'udp4');
  let open = true;
  socket.on('error', (error) => options.logger.warn('a DNS responder failed', { address: options.address, error }));
  socket.on('message', (query, client) => {
    void respond(query, 'udp', options).then((response) => {
      if (response && open) socket.send(response, client.port, client.address);
    });
  });
  socket.bind({ fd });
  return () =>
    new Promise((resolve) => {
      open = false;
      socket.close(resolve);
    });
}

function serveTcp(fd: number, options: DnsServerOptions): () => Promise<void> {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    const frames = new FrameReader((query) => {
      void respond(query, 'tcp', options).then((response) => {
        if (response && client.writable) client.write(frame(response));
        else client.destroy();
      });
    });
    client.on('data', (chunk) => frames.push(chunk));
    client.on('error', (error) => options.logger.debug('a DNS client went away', { error }));
    client.on('close', () => clients.delete(client));
    client.setTimeout(TCP_IDLE_MS, () => client.destroy());
  });
  server.on('error', (error) => options.logger.warn('a DNS responder failed', { address: options.address, error }));
  server.listen({ fd });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const client of clients) client.destroy();
    });
}

/** Never throws: what goes wrong becomes SERVFAIL, and undefined asks for silence. */
async function respond(bytes: Buffer, transport: Transport, { handler, forwarder, logger }: DnsServerOptions): Promise<Buffer | undefined> {
  const query = readQuery(bytes);
  if (query === undefined) return encodeFormatError(bytes);
  const bytesMax = transport === 'tcp' ? TCP_BYTES_MAX : udpBytesMax(query);
  const [question] = query.questions ?? [];
  const opcode = ((query.flags ?? 0) >> 11) & 0xf;
  if (opcode !== 0) return encodeAnswer(query, { kind: 'failed', rcode: RCODE.notImplemented }, bytesMax);
  if (question === undefined) return encodeAnswer(query, { kind: 'failed', rcode: RCODE.formatError }, bytesMax);
  try {
    const answer = await handler({ name: question.name, type: question.type });
    return answer.kind === 'forward' ? await forwarder.ask(bytes, transport) : encodeAnswer(query, answer, bytesMax);
  } catch (error) {
    logger.debug('a DNS question was not answered', { name: question.name, type: question.type, error });
    return encodeAnswer(query, { kind: 'failed', rcode: RCODE.serverFailure }, bytesMax);
  }
}
