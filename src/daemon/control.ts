import { chmod, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { isSystemError, nodeHttp } from '#kit';
import type { DaemonStatus } from './types.ts';

const socketOf = (runDir: string) => join(runDir, 'gantry.sock');

/** The daemon's own small socket: `GET /status`, for `gantry status` and `gantry down`. Mode 0600. */
export async function serveControl(runDir: string, status: () => Promise<DaemonStatus>): Promise<AsyncDisposable> {
  const path = socketOf(runDir);
  await rm(path, { force: true });
  const server = nodeHttp().createServer((incoming, outgoing) => {
    if (incoming.url !== '/status') {
      outgoing.writeHead(404).end();
      return;
    }
    status().then(
      (answer) => outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
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

/** What the daemon of that run dir says; undefined when none answers there. */
export function askStatus(runDir: string): Promise<DaemonStatus | undefined> {
  return new Promise((resolve, reject) => {
    const asking = nodeHttp().request({ socketPath: socketOf(runDir), path: '/status', timeout: 5_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        // Both ends are of one version: the daemon is asked through its own run dir.
        if (response.statusCode === 200) resolve(JSON.parse(Buffer.concat(chunks).toString()) as DaemonStatus);
        else reject(new Error(`The daemon answered ${response.statusCode}: ${Buffer.concat(chunks).toString()}`));
      });
    });
    asking.on('timeout', () => asking.destroy(new Error(`The daemon of ${runDir} does not answer within 5 s`)));
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
