import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestDaemon } from '../../test/support/daemon.ts';
import { openNamespaces } from '../../test/support/namespaces.ts';
import { Pki } from '../../test/support/pki.ts';
import type { Probed } from '../support/peers.ts';
import { probing } from '../support/probing.ts';
import type { Target } from './http-connection.ts';

/** An API server under measurement, in namespaces of its own. */
export interface ApiPeer extends AsyncDisposable {
  /** `undefined` for Gantry. */
  readonly of: string | undefined;
  readonly target: Target;
  /** What belongs to it, its store included. */
  pids(): readonly number[];
  /** Begins a command where the server can be reached. */
  spawn(command: readonly string[]): ChildProcessWithoutNullStreams;
  /** kill -9 of all of it. */
  crash(): Promise<void>;
  /** Begins it again; resolves when it was begun. */
  begin(): Promise<void>;
  /** What its event loop did since the last time; undefined where it has none. */
  probe(): Promise<Probed | undefined>;
}

const [HOST, PORT, TOKEN] = ['127.0.0.1', 6443, 'bench-token'];
/** Of the link that stands for the machine's own (see `namespaces.ts`). */
const ADVERTISED = '192.0.2.10';
const TOKENS = `${TOKEN},bench,bench,"system:masters"\n`;
/** No controller makes the accounts here that Pods would have. */
const WITHOUT_ACCOUNTS = ['--disable-admission-plugins', 'ServiceAccount'];

/** An API server alone. `probed`: with the probe loaded into it, which costs a little of everything. */
export async function openGantryApi({ probed }: { readonly probed: boolean }): Promise<ApiPeer> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-bench-api-'));
  const tokens = join(folder, 'tokens.csv');
  await writeFile(tokens, TOKENS);
  using probe = probing(probed);
  const daemon = await startTestDaemon(['--parts', 'apiserver', '--api', `${HOST}:${PORT}`, '--token-auth-file', tokens, ...WITHOUT_ACCOUNTS]);
  const pki = JSON.parse(await readFile(join(daemon.dataDir, 'pki', 'authority.json'), 'utf8')) as { certificate: string }; // as the daemon writes it
  let starting: Promise<void> = Promise.resolve();
  return {
    of: undefined,
    target: { host: HOST, port: PORT, ca: pki.certificate, token: TOKEN },
    pids: () => [daemon.pid],
    spawn: (command) => daemon.spawn(['env', '-u', 'NODE_OPTIONS', ...command]),
    crash: async () => {
      await starting;
      await daemon.crash();
    },
    begin: async () => void (starting = daemon.restart()),
    probe: () => probe.ask(daemon.pid),
    async [Symbol.asyncDispose]() {
      await starting;
      await daemon[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A kube-apiserver with an etcd of its own, by their paths. */
export async function openKubeApiserver(program: string, etcd: string): Promise<ApiPeer> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-bench-kube-'));
  const namespaces = await openNamespaces();
  const pki = await Pki.create(join(folder, 'pki'));
  const [serving, signing] = [await pki.issue('server', 'server', ['localhost', HOST]), await pki.issue('accounts', 'client')];
  await writeFile(join(folder, 'tokens.csv'), TOKENS);
  const store = [etcd, '--data-dir', join(folder, 'etcd'), '--logger', 'zap', '--log-level', 'error'];
  const server = [
    ...[program, '--etcd-servers', 'http://127.0.0.1:2379', '--bind-address', HOST, '--advertise-address', ADVERTISED, '--secure-port', String(PORT)],
    ...['--tls-cert-file', serving.cert, '--tls-private-key-file', serving.key, '--token-auth-file', join(folder, 'tokens.csv')],
    ...[
      '--service-account-key-file',
      signing.cert,
      '--service-account-signing-key-file',
      signing.key,
      '--service-account-issuer',
      'https://kubernetes.default.svc',
    ],
    ...['--service-cluster-ip-range', '10.96.0.0/16', '--authorization-mode', 'RBAC', '--cert-dir', join(folder, 'certs'), '--v', '0', ...WITHOUT_ACCOUNTS],
  ];
  let children: ChildProcess[] = [];
  const enter = (command: readonly string[]) => namespaces.enter(command) as [string, ...string[]];
  const begin = async () => {
    children = [store, server].map((command) => {
      const [first, ...rest] = enter(command);
      return spawn(first, rest, { stdio: 'ignore' });
    });
  };
  const crash = async () => {
    await Promise.all(children.map(killed));
    children = [];
  };
  await begin();
  return {
    of: 'kube-apiserver with etcd',
    target: { host: HOST, port: PORT, ca: await readFile(pki.authority, 'utf8'), token: TOKEN },
    pids: () => children.map(({ pid }) => pid ?? 0),
    spawn(command) {
      const [first, ...rest] = enter(command);
      return spawn(first, rest);
    },
    crash,
    begin,
    probe: async () => undefined,
    async [Symbol.asyncDispose]() {
      await crash();
      await namespaces[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
