import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { type DockerRegistry, startDockerRegistry } from '../../test/support/docker-registry.ts';
import { startTestDaemon, type TestDaemon } from '../../test/support/daemon.ts';
import { output } from '../../test/support/run.ts';

/** A registry under measurement. */
export interface RegistryPeer {
  /** `undefined` for Gantry's. */
  readonly of: string | undefined;
  readonly host: string;
  readonly port: number;
}
/** A daemon with the built-in registry, and Debian's beside it where that is installed, in the same namespaces. */
export interface Registries extends AsyncDisposable {
  readonly daemon: TestDaemon;
  readonly peers: readonly RegistryPeer[];
}

const [OWN_PORT, OTHER_PORT] = [5_000, 5_001];

export async function openRegistries(): Promise<Registries> {
  const daemon = await startTestDaemon(['--parts', 'engine,registry', '--registry', `127.0.0.1:${OWN_PORT}`]);
  const own: RegistryPeer = { of: undefined, host: '127.0.0.1', port: OWN_PORT };
  const other = await openOther(daemon);
  const peers = other === undefined ? [own] : [own, { of: 'docker-registry', host: '127.0.0.1', port: OTHER_PORT }];
  return {
    daemon,
    peers,
    async [Symbol.asyncDispose]() {
      await other?.[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    },
  };
}

async function openOther(daemon: TestDaemon): Promise<DockerRegistry | undefined> {
  if ((await daemon.inside(['sh', '-c', 'command -v docker-registry'])).status !== 0) {
    process.stdout.write(`${JSON.stringify({ peer: 'docker-registry', installed: false })}\n`);
    return undefined;
  }
  // It writes a line for each request, which somebody would have to read.
  const silent = ['sh', '-c', 'exec "$@" > /dev/null', 'sh'];
  return startDockerRegistry(join(daemon.folder, 'other'), OTHER_PORT, (command) => daemon.spawn([...silent, ...command]));
}

/** The built-in registry as another machine has it: in a process of its own, with a store of its own, in the daemon's namespaces. */
export async function openElsewhere(daemon: Pick<TestDaemon, 'folder' | 'spawn'>, port: number): Promise<RegistryPeer & AsyncDisposable> {
  const script = new URL('./serve-registry.ts', import.meta.url).pathname;
  const child = daemon.spawn([process.execPath, '--no-warnings', script, join(daemon.folder, `elsewhere-${port}`), String(port)]);
  child.stderr.pipe(process.stderr, { end: false });
  await once(child.stdout, 'data');
  return {
    of: undefined,
    host: '127.0.0.1',
    port,
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit');
      child.stdin.end();
      await gone;
    },
  };
}

const OCI = 'application/vnd.oci.image';

/** Pushes blobs and a manifest of them by plain requests; answers the digests. */
export async function pushTo(daemon: TestDaemon, { host, port }: RegistryPeer, name: string, blobs: readonly Buffer[]): Promise<readonly string[]> {
  const base = `http://${host}:${port}/v2/${name}`;
  const curl = (words: readonly string[], input: Uint8Array | string = '') => output(daemon.inside(['curl', '-sSf', '-D', '-', ...words], { input }));
  const digests: string[] = [];
  for (const bytes of blobs) {
    const begun = await curl(['-X', 'POST', `${base}/blobs/uploads/`]);
    const url = new URL(/^location: (.*?)\r?$/im.exec(begun)?.[1] ?? '', base);
    url.searchParams.set('digest', digestOf(bytes));
    await curl(['-X', 'PUT', '-H', 'Expect:', '-H', 'Content-Type: application/octet-stream', '--data-binary', '@-', url.href], bytes);
    digests.push(digestOf(bytes));
  }
  const described = blobs.map((bytes, index) => ({
    mediaType: `${OCI}.${index === 0 ? 'config.v1+json' : 'layer.v1.tar'}`,
    digest: digestOf(bytes),
    size: bytes.length,
  }));
  const [config, ...layers] = described;
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, config, layers });
  await curl(['-X', 'PUT', '-H', `Content-Type: ${OCI}.manifest.v1+json`, '--data-binary', '@-', `${base}/manifests/latest`], manifest);
  return digests;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
