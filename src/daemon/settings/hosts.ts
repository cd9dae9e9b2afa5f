import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { OptionValues } from '../option-names.ts';

/** Where `--host` says to serve. */
export type HostAddress = { readonly kind: 'unix'; readonly path: string } | { readonly kind: 'tcp'; readonly host: string; readonly port: number };
/** Which files TLS is made of; with an authority, clients need a certificate that it signed. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly authority?: string;
}
/** What the options about serving come to. */
export interface Hosting {
  readonly hosts: readonly HostAddress[];
  readonly tls?: TlsFiles;
  readonly warnings: readonly string[];
}

const [PLAIN_PORT, TLS_PORT] = [2375, 2376];
const ROOT = 'whoever reaches it has root on this machine';
const FILES = '--tlscert CERT.pem --tlskey KEY.pem';

/** Reads `--host`, `--tls`, `--tlsverify` and the files' options together. Pure. Errors: `CONFIG_INVALID`, with what to write instead. */
export function hostingOf(options: OptionValues): Hosting {
  const tls = tlsFilesOf(options);
  const hosts = (options.host ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text, index, all) => text !== '' && all.indexOf(text) === index)
    .map((text) => parseHost(text, tls !== undefined));
  const tcp = hosts.filter((host) => host.kind === 'tcp');
  if (tls !== undefined && tcp.length === 0)
    throw new ConfigError('Cannot use TLS without an address to serve it on: add --host tcp://ADDRESS:2376, or leave the tls options out');
  const isSaid = options.tls === 'false' || options.tlsverify === 'false';
  const open = tcp.find(({ host }) => tls === undefined && !isSaid && !isLoopback(host));
  if (open !== undefined)
    throw new ConfigError(
      `Cannot serve the Docker API on ${addressOf(open)} without TLS: ${ROOT}. Add --tlsverify --tlscacert CA.pem ${FILES}, or listen on 127.0.0.1; --tls=false opens it to everybody all the same`,
    );
  return { hosts, ...(tls === undefined ? {} : { tls }), warnings: tcp.flatMap((host) => warningOf(host, tls)) };
}

function warningOf(host: { readonly host: string; readonly port: number }, tls: TlsFiles | undefined): readonly string[] {
  if (tls === undefined) return [`API is accessible on http://${addressOf(host)} without encryption: ${ROOT}`];
  return tls.authority === undefined ? [`API is accessible on https://${addressOf(host)} without TLS client verification: ${ROOT}`] : [];
}

function tlsFilesOf(options: OptionValues): TlsFiles | undefined {
  const { tlscacert, tlscert, tlskey } = options;
  const verifies = switchOf('tlsverify', options);
  const wants = verifies || switchOf('tls', options);
  const named = [tlscacert, tlscert, tlskey].some((path) => path !== undefined);
  if (!wants) {
    if (named)
      throw new ConfigError(
        'Cannot use --tlscacert, --tlscert or --tlskey without TLS: add --tlsverify (clients need a certificate) or --tls (they need none)',
      );
    return undefined;
  }
  const word = verifies ? '--tlsverify' : '--tls';
  if (tlscert === undefined || tlskey === undefined) throw new ConfigError(`Cannot use ${word} without the server's certificate and key: add ${FILES}`);
  if (!verifies) {
    if (tlscacert !== undefined) throw new ConfigError('Cannot use --tlscacert with --tls, which asks clients for nothing: write --tlsverify in its place');
    return { certificate: resolve(tlscert), key: resolve(tlskey) };
  }
  if (tlscacert === undefined) throw new ConfigError("Cannot use --tlsverify without the authority of the clients' certificates: add --tlscacert CA.pem");
  return { certificate: resolve(tlscert), key: resolve(tlskey), authority: resolve(tlscacert) };
}

function switchOf(name: 'tls' | 'tlsverify', options: OptionValues): boolean {
  const value = options[name] ?? 'false';
  if (value !== 'true' && value !== 'false') throw new ConfigError(`Cannot take "${value}" for --${name}: it must be true or false`);
  return value === 'true';
}

/** `unix://PATH`, or `tcp://HOST[:PORT]`, loopback without a host. */
function parseHost(text: string, hasTls: boolean): HostAddress {
  const unix = /^unix:\/\/(\/.+)$/.exec(text)?.[1];
  if (unix !== undefined) return { kind: 'unix', path: resolve(unix) };
  if (text.startsWith('fd://'))
    throw new ConfigError(
      `Cannot take "${text}" for --host: sockets are not taken over from systemd; the socket of --docker-socket is served in any case, so leave it out`,
    );
  const match = /^tcp:\/\/(?:\[([0-9a-fA-F:]+)\]|([^:[\]/]*))(?::(\d{1,5}))?\/?$/.exec(text);
  const port = match?.[3] === undefined ? (hasTls ? TLS_PORT : PLAIN_PORT) : Number(match[3]);
  if (match === null || port < 1 || port > 65_535) throw new ConfigError(`Cannot take "${text}" for --host: it must be tcp://ADDRESS:PORT or unix:///PATH`);
  return { kind: 'tcp', host: match[1] ?? (match[2] || '127.0.0.1'), port };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

export function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
