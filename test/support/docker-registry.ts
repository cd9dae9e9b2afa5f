import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's docker-registry on loopback, with a folder of its own. */
export interface DockerRegistry extends AsyncDisposable {
  readonly host: string;
}

const here = ([program = '', ...rest]: readonly string[]): ChildProcess => spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] });

/**
 * Starts it and waits until it listens; where `start` does not say otherwise, the caller stands in a network namespace of its own. With `htpasswd`,
 * a file of users and bcrypt hashes, it wants to know who asks.
 */
export async function startDockerRegistry(
  folder: string,
  port: number,
  start: (command: readonly string[]) => ChildProcess = here,
  htpasswd?: string,
): Promise<DockerRegistry> {
  const host = `127.0.0.1:${port}`;
  mkdirSync(join(folder, 'storage'), { recursive: true });
  const config = join(folder, 'config.yml');
  const settings = {
    version: 0.1,
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') }, delete: { enabled: true } },
    http: { addr: host },
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'test', path: htpasswd } } }),
    validation: { manifests: { urls: { allow: ['^http://127\\.0\\.0\\.1:.*'] } } },
  };
  writeFileSync(config, JSON.stringify(settings)); // JSON is YAML
  const child = start(['docker-registry', 'serve', config]);
  await untilListening(child);
  return {
    host,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function untilListening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`docker-registry ended with exit status ${code}: ${said}`)));
    child.stderr?.on('data', (piece: Buffer) => {
      said += piece.toString();
      if (said.includes('listening on')) resolve();
    });
  });
}
