import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Namespaces, openNamespaces } from './namespaces.ts';
import { powerOff } from './power-off.ts';
import { type Outcome, run, type RunOptions } from './run.ts';

/** The command line's entry. */
export const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;

/** A whole daemon in a network and mount namespace of its own, so that tests stand side by side and never touch the host's. */
export interface TestDaemon extends AsyncDisposable {
  readonly folder: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Of the Docker Engine API. */
  readonly dockerSocket: string;
  /** The real docker, from inside the namespace. */
  docker(commandArguments: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** The real kubectl, from inside the namespace. */
  kubectl(commandArguments: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Any command inside the namespaces. */
  inside(command: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Begins a command inside the namespaces, its streams held by the test. */
  spawn(command: readonly string[]): ChildProcessWithoutNullStreams;
  gantry(commandArguments: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** kill -9 of the daemon alone; resolves when it is gone. */
  crash(): Promise<void>;
  /** Starts the daemon again in the same namespaces; with other options in place of the first ones when given. */
  restart(otherOptions?: readonly string[]): Promise<void>;
  /** As a machine that loses its power and starts again: no process, mount, link, rule or group is left, nor what lies in memory. */
  reboot(): Promise<void>;
}

/** Starts one, with further options of `gantry up`; `before` sees the namespaces as they are without it. */
export async function startTestDaemon(
  upOptions: readonly string[] = [],
  before: (inside: TestDaemon['inside']) => Promise<void> = () => Promise.resolve(),
): Promise<TestDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-test-'));
  const dataDir = join(folder, 'data');
  const dockerSocket = join(folder, 'run', 'docker.sock');
  const environment = {
    ...process.env,
    KUBECONFIG: join(folder, 'kubeconfig'),
    DOCKER_HOST: `unix://${dockerSocket}`,
    DOCKER_CONFIG: join(folder, 'docker'),
    HOME: folder,
  };
  let namespaces = await openNamespaces();
  const enter: Namespaces['enter'] = (...given) => namespaces.enter(...given);
  const withEnvironment = (options: RunOptions = {}): RunOptions => ({ ...options, environment: { ...environment, ...options.environment } });
  const inside = (command: readonly string[], options?: RunOptions) => run(enter(command, options?.folder), withEnvironment(options));
  const directories = ['--data-dir', dataDir, '--run-dir', join(folder, 'run')];
  const up = (options = upOptions) =>
    startUp(enter([process.execPath, '--no-warnings', MAIN, 'up', ...directories, ...options, '--ready-fd', '3']), environment);
  const gantry = (commandArguments: readonly string[], options?: RunOptions) =>
    inside([process.execPath, '--no-warnings', MAIN, ...commandArguments, ...directories], options);
  let daemon: ChildProcess;
  try {
    await before(inside);
    daemon = await up();
  } catch (error) {
    await namespaces[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const crash = async () => {
    const gone = exitOf(daemon);
    daemon.kill('SIGKILL');
    await gone;
  };
  return {
    folder,
    dataDir,
    get pid() {
      return daemon.pid ?? 0;
    },
    dockerSocket,
    docker: (commandArguments, options) => inside(['docker', ...commandArguments], options),
    kubectl: (commandArguments, options) => inside(['kubectl', ...commandArguments], options),
    inside,
    spawn(command) {
      const [program, ...rest] = enter(command) as [string, ...string[]];
      return spawn(program, rest, { env: environment });
    },
    gantry,
    crash,
    async restart(otherOptions) {
      daemon = await up(otherOptions);
    },
    async reboot() {
      await crash();
      await powerOff(folder);
      await namespaces[Symbol.asyncDispose]();
      await rm(join(folder, 'run'), { recursive: true, force: true });
      namespaces = await openNamespaces();
      daemon = await up();
    },
    async [Symbol.asyncDispose]() {
      const outcome = await gantry(['down', '--purge']);
      await namespaces[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
      if (outcome.status !== 0) throw new Error(`gantry down failed: ${outcome.stderr}`);
    },
  };
}

async function startUp(command: readonly string[], environment: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const [program, ...rest] = command as [string, ...string[]];
  const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], env: environment });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-20_000);
  });
  child.once('exit', (code, signal) => {
    if (code !== 0 && signal !== 'SIGKILL') process.stderr.write(`the daemon ended by itself (${code ?? signal}):\n${log}\n`);
  });
  // The fourth of `stdio` above is a readable pipe.
  const words = (await text(child.stdio[3] as Readable)).trim();
  if (!words.startsWith('ready ')) {
    if (child.exitCode === null && child.signalCode === null) await exitOf(child);
    throw new Error(`the daemon did not start: ${words}\n${log}`);
  }
  return child;
}

function exitOf(child: ChildProcess): Promise<void> {
  return child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise((resolve) => child.once('exit', () => resolve()));
}

async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
