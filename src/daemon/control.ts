import { chmod, rm } from 'node:fs/promises';
import type { Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isSystemError, nodeHttp } from '#kit';
import type { CollectReport } from '#registry';
import type { DaemonStatus } from './types.ts';
import type { ContainerFacts, OwnPorts } from './why/types.ts';

const socketOf = (runDir: string) => join(runDir, 'gantry.sock');

/** What the daemon is asked for there, by path; `undefined` answers 404. */
export interface ControlAnswers {
  /** For `gantry status` and `gantry down`. */
  readonly '/status': () => Promise<DaemonStatus>;
  /** For `gantry why`. */
  readonly '/facts/ports': () => Promise<OwnPorts>;
  /** With `?name=`. */
  readonly '/facts/container': (query: URLSearchParams) => Promise<ContainerFacts | undefined>;
  /** With `?dryRun=true` to change nothing; undefined where there is no registry. */
  readonly '/registry/collect': (query: URLSearchParams) => Promise<CollectReport | undefined>;
}
type ControlPath = keyof ControlAnswers;

/** These change something: they are asked by POST, and may take their time. */
const CHANGES: ReadonlySet<string> = new Set<ControlPath>(['/registry/collect']);
const PATIENCE_MS = 5_000;
const PATIENCE_OF_CHANGES_MS = 3_600_000;
/** What it answers at length, by path; `undefined` answers 404. */
export interface ControlStreams {
  /** For `gantry backup`. */
  readonly '/backup': () => AsyncIterable<Uint8Array> | undefined;
}

/** The daemon's own small socket. Mode 0600. */
export async function serveControl(runDir: string, answers: ControlAnswers, streams: ControlStreams): Promise<AsyncDisposable> {
  const path = socketOf(runDir);
  await rm(path, { force: true });
  const server = nodeHttp().createServer((incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://gantry');
    if (pathname in streams) return answerAtLength(outgoing, streams[pathname as keyof ControlStreams]());
    if (CHANGES.has(pathname) && incoming.method !== 'POST') return void outgoing.writeHead(405, { allow: 'POST' }).end();
    const answering = pathname in answers ? answers[pathname as ControlPath](searchParams) : Promise.resolve(undefined);
    answering.then(
      (answer) =>
        answer === undefined ? outgoing.writeHead(404).end() : outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
      (error: unknown) => outgoing.writeHead(500).end(String(error)),
    );
  });
  await listen(server, path);
  await chmod(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(path, { force: true });
    },
  };
}

/** A stream that fails breaks the connection off, so that nobody takes a part for the whole. */
function answerAtLength(outgoing: ServerResponse, stream: AsyncIterable<Uint8Array> | undefined): void {
  if (stream === undefined) return void outgoing.writeHead(404).end();
  outgoing.writeHead(200, { 'content-type': 'application/octet-stream' });
  pipeline(stream, outgoing).catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined));
}

/** A long answer of the daemon of that run dir; undefined when none answers there, `none` when it knows no such thing. */
export function askAtLength(runDir: string, path: keyof ControlStreams): Promise<Readable | 'none' | undefined> {
  return new Promise((resolve, reject) => {
    const asking = nodeHttp().request({ socketPath: socketOf(runDir), path }, (response) => {
      if (response.statusCode === 200) return resolve(response);
      response.resume();
      if (response.statusCode === 404) resolve('none');
      else reject(new Error(`The daemon answered ${response.statusCode}`));
    });
    asking.on('error', (error) => (isSystemError(error, 'ENOENT') || isSystemError(error, 'ECONNREFUSED') ? resolve(undefined) : reject(error)));
    asking.end();
  });
}

/** What the daemon of that run dir says of itself; undefined when none answers there. */
export function askStatus(runDir: string): Promise<DaemonStatus | undefined> {
  return askControl(runDir, '/status');
}

/** `gantry registry gc`: what went, or would go; undefined where no daemon with a registry answers. */
export const collectRegistry = (runDir: string, dryRun: boolean): Promise<CollectReport | undefined> =>
  askControl(runDir, '/registry/collect', dryRun ? { dryRun: 'true' } : {});

/** Undefined when no daemon answers there, or it knows no such thing. */
export function askControl<Path extends ControlPath>(
  runDir: string,
  path: Path,
  query: Readonly<Record<string, string>> = {},
): Promise<Awaited<ReturnType<ControlAnswers[Path]>> | undefined> {
  const timeout = CHANGES.has(path) ? PATIENCE_OF_CHANGES_MS : PATIENCE_MS;
  const method = CHANGES.has(path) ? 'POST' : 'GET';
  return new Promise((resolve, reject) => {
    const asking = nodeHttp().request({ socketPath: socketOf(runDir), method, path: `${path}?${new URLSearchParams(query)}`, timeout }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        // Both ends are of one version: the daemon is asked through its own run dir.
        if (response.statusCode === 200) resolve(JSON.parse(Buffer.concat(chunks).toString()) as Awaited<ReturnType<ControlAnswers[Path]>>);
        else if (response.statusCode === 404) resolve(undefined);
        else reject(new Error(`The daemon answered ${response.statusCode}: ${Buffer.concat(chunks).toString()}`));
      });
    });
    asking.on('timeout', () => asking.destroy(new Error(`The daemon of ${runDir} does not answer within ${timeout / 1000} s`)));
    asking.on('error', (error) => (isSystemError(error, 'ENOENT') || isSystemError(error, 'ECONNREFUSED') ? resolve(undefined) : reject(error)));
    asking.end();
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}
