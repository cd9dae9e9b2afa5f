import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { messageOf } from '#kit';
import { busyboxTar } from '../../test/support/busybox.ts';
import { startTestDaemon, type TestDaemon } from '../../test/support/daemon.ts';
import { eventually } from '../../test/support/eventually.ts';
import { openNamespaces } from '../../test/support/namespaces.ts';
import { type Outcome, output, run, type RunOptions } from '../../test/support/run.ts';
import { Api } from './api.ts';

/** An engine under measurement, in namespaces of its own, with the image `busybox`. */
export interface Peer extends AsyncDisposable {
  /** `undefined` for Gantry. */
  readonly of: string | undefined;
  readonly folder: string;
  readonly socket: string;
  /** The engine's own process. */
  readonly pid: number;
  inside(command: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Standard output of the docker client, which must succeed. */
  docker(...words: readonly string[]): Promise<string>;
}

interface Program {
  readonly name: string;
  /** Words that start it with its data below a folder. */
  words(folder: string, socket: string): readonly string[];
}

const PROGRAMS: readonly Program[] = [
  {
    name: 'dockerd',
    words: (folder, socket) => [
      ...['dockerd', '--host', `unix://${socket}`, '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'pid'), '--log-level', 'error'],
    ],
  },
  {
    name: 'podman',
    words: (folder, socket) => [
      'podman',
      '--root',
      join(folder, 'data'),
      '--runroot',
      join(folder, 'exec'),
      'system',
      'service',
      '--time',
      '0',
      `unix://${socket}`,
    ],
  },
];

/** Measures Gantry, then each peer that is installed; of others it says that they are not. */
export async function withEach(measure: (peer: Peer) => Promise<void>): Promise<void> {
  await using gantry = await openGantry();
  await measure(gantry);
  for (const program of PROGRAMS) {
    if (!isInstalled(program.name)) {
      process.stdout.write(`${JSON.stringify({ peer: program.name, installed: false })}\n`);
      continue;
    }
    // What a peer can't do here must not keep the others from being measured.
    await measurePeer(program, measure).catch((error: unknown) =>
      process.stdout.write(`${JSON.stringify({ peer: program.name, failed: messageOf(error) })}\n`),
    );
  }
}

/** What only the process itself knows (see `probe.ts`). */
export interface Probed {
  readonly delay_p99_ms: number;
  readonly delay_max_ms: number;
  readonly busy_p99_ms: number;
  readonly busy_max_ms: number;
  /** What is left once garbage was collected. */
  readonly heap_MB: number;
  readonly external_MB: number;
}
export interface GantryPeer extends Peer {
  /** Begins a command in its namespaces. */
  readonly spawn: TestDaemon['spawn'];
  restart(): Promise<void>;
  crash(): Promise<void>;
  /** Since the last time. */
  probe(): Promise<Probed>;
}

async function measurePeer(program: Program, measure: (peer: Peer) => Promise<void>): Promise<void> {
  await using peer = await openPeer(program);
  await measure(peer);
}

/** `probed`: with the probe loaded into it, which costs a little of everything. */
export async function openGantry({ probed = false }: { readonly probed?: boolean } = {}): Promise<GantryPeer> {
  const told = join(tmpdir(), `gantry-probe-${process.pid}`);
  if (probed) {
    process.env['GANTRY_BENCH_PROBE'] = told;
    process.env['NODE_OPTIONS'] = `--import=${new URL('./probe.ts', import.meta.url).pathname}`;
  }
  const daemon = await startTestDaemon(['--parts', 'engine']);
  const docker = (...words: readonly string[]) => output(daemon.docker(words));
  await output(daemon.docker(['import', '-', 'busybox'], { input: busyboxTar() }));
  return {
    of: undefined,
    folder: daemon.folder,
    socket: daemon.dockerSocket,
    get pid() {
      return daemon.pid;
    },
    inside: (command, options) => daemon.inside(command, options),
    spawn: (command) => daemon.spawn(command),
    docker,
    restart: () => daemon.restart(),
    crash: () => daemon.crash(),
    async probe() {
      if (!probed) throw new TypeError('it was opened without the probe');
      await rm(told, { force: true });
      process.kill(daemon.pid, 'SIGUSR2');
      const text = await eventually('the daemon to answer the probe', () => readFile(told, 'utf8'));
      await rm(told, { force: true });
      return JSON.parse(text) as Probed; // as the probe writes it
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

async function openPeer(program: Program): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), `gantry-peer-${program.name}-`));
  const socket = join(folder, 'sock');
  const namespaces = await openNamespaces();
  const environment = { ...process.env, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: join(folder, 'docker'), HOME: folder };
  const [first = '', ...rest] = namespaces.enter(program.words(folder, socket));
  const child = spawn(first, rest, { stdio: 'ignore', env: environment });
  const inside = (command: readonly string[], options: RunOptions = {}) => run(namespaces.enter(command), { ...options, environment });
  const docker = (...words: readonly string[]) => output(inside(['docker', ...words]));
  await eventually(`${program.name} to answer`, async () => (await inside(['docker', 'version'])).status === 0);
  await output(inside(['docker', 'import', '-', 'busybox'], { input: busyboxTar() }));
  return {
    of: program.name,
    folder,
    socket,
    pid: child.pid ?? 0,
    inside,
    docker,
    async [Symbol.asyncDispose]() {
      await ended(child);
      await namespaces[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    if (!child.kill('SIGTERM')) resolve();
  });
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

export const apiOf = (peer: Peer): Api => new Api(peer.socket);
