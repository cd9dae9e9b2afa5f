import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import { badRequest } from '#cluster/api';
import type { ProcessStreams } from '#kit';
import type { Context } from '../context.ts';
import { SpdySession } from '../spdy/index.ts';
import { REMOTE_COMMAND_PROTOCOLS } from '../streams/channels.ts';
import { findContainer, findPod } from '../streams/pod-target.ts';
import { PORT_FORWARD_PROTOCOL, PORT_FORWARD_TUNNEL, servePortForward } from '../streams/port-forward.ts';
import { SpdyProcess, serveWebSocketProcess, type StreamsWanted } from '../streams/remote-command.ts';
import { flag } from '../verbs/options.ts';

/** An upgrade that was authenticated, authorized and found to name a Pod's subresource. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** With all values of names that stand several times (`command`). */
  readonly parameters: URLSearchParams;
}

/** Serves exec, attach and port-forward, by WebSocket and by SPDY/3.1. */
export class Upgrades {
  readonly #context: Context;
  readonly #webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, handleProtocols: chooseProtocol });

  constructor(context: Context) {
    this.#context = context;
  }

  /** Rejects with what is to be answered in place of the upgrade: 400, 404, 503. */
  async serve(upgrade: UpgradeRequest): Promise<void> {
    const spdy = /^SPDY\/3\.1$/i.test(upgrade.request.headers.upgrade ?? '');
    if (!spdy && upgrade.request.headers.upgrade?.toLowerCase() !== 'websocket') throw badRequest('Upgrade request required: want WebSocket or SPDY/3.1');
    if (upgrade.subresource === 'portforward') return await this.#portForward(upgrade, spdy);
    await this.#process(upgrade, spdy);
  }

  async #process(upgrade: UpgradeRequest, spdy: boolean): Promise<void> {
    const { namespace, name, subresource, parameters } = upgrade;
    const query = Object.fromEntries(parameters);
    const wanted: StreamsWanted = { stdin: flag(query, 'stdin'), stdout: flag(query, 'stdout'), stderr: flag(query, 'stderr'), tty: flag(query, 'tty') };
    if (!wanted.stdin && !wanted.stdout && !wanted.stderr) throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
    const command = parameters.getAll('command');
    if (subresource === 'exec' && command.length === 0) throw badRequest('you must specify a command for the container');
    const { target, node } = findContainer(this.#context, namespace, name, query.container, subresource);
    const options = { stdin: wanted.stdin, terminal: wanted.tty };
    const connect = (): Promise<ProcessStreams> => (subresource === 'exec' ? node.exec(target, { command, ...options }) : node.attach(target, options));
    if (!spdy) return await serveWebSocketProcess(await this.#webSocket(upgrade), connect);
    const transport = switchToSpdy(upgrade, 'v4.channel.k8s.io');
    const process = new SpdyProcess(wanted, connect, () => session.close());
    const session = new SpdySession(transport, (stream, headers) => process.add(stream, headers), this.#onBroken);
    await session.closed;
  }

  async #portForward(upgrade: UpgradeRequest, spdy: boolean): Promise<void> {
    const { target, node } = findPod(this.#context, upgrade.namespace, upgrade.name, 'forward ports');
    const connect = (port: number) => node.portForward(target, port);
    if (spdy) return await servePortForward(switchToSpdy(upgrade, PORT_FORWARD_PROTOCOL), connect, this.#onBroken);
    const socket = await this.#webSocket(upgrade);
    if (socket.protocol !== PORT_FORWARD_TUNNEL) {
      socket.close(1002, `want the subprotocol ${PORT_FORWARD_TUNNEL}`);
      return;
    }
    await servePortForward(createWebSocketStream(socket), connect, this.#onBroken);
  }

  readonly #onBroken = (error: unknown) => this.#context.logger.debug('A stream connection broke', { error });

  #webSocket({ request, socket, head }: UpgradeRequest): Promise<WebSocket> {
    return new Promise((resolve) => this.#webSockets.handleUpgrade(request, socket, head, resolve));
  }
}

function chooseProtocol(offered: Set<string>): string | false {
  return [...REMOTE_COMMAND_PROTOCOLS, PORT_FORWARD_TUNNEL].find((protocol) => offered.has(protocol)) ?? false;
}

function switchToSpdy({ request, socket, head }: UpgradeRequest, protocol: string): Duplex {
  const offered =
    request.headers['x-stream-protocol-version']
      ?.toString()
      .split(',')
      .map((text) => text.trim()) ?? [];
  if (!offered.includes(protocol)) throw badRequest(`unable to upgrade: want X-Stream-Protocol-Version ${protocol}, was offered [${offered.join(' ')}]`);
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  return socket;
}
