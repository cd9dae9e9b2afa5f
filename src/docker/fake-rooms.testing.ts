import { PassThrough, Readable } from 'node:stream';
import { GantryError, type ProcessStreams, silentLogger, systemClock, systemRandom } from '#kit';
import type { Builder } from '#build';
import type { Container, ContainerId, ContainerSpec, Engine, Exec } from '#engine';
import type { Digest, Image, ImageStore } from '#image';
import type { DockerApiOptions } from './options.ts';

const IMAGE_ID = `sha256:${'a'.repeat(64)}` as Digest; // the form of a digest

/** An engine of the imagination for tests of the translation: containers that echo their input. Only what the tests use answers. */
export function fakeRooms(): DockerApiOptions & { readonly made: ContainerSpec[]; readonly add: (spec: ContainerSpec) => Container } {
  const containers = new Map<string, Container>();
  const execs = new Map<string, Exec>();
  const made: ContainerSpec[] = [];
  const add = (spec: ContainerSpec): Container => {
    const id = systemRandom.hex(64) as ContainerId; // the form of an id
    const container: Container = {
      id,
      name: spec.name ?? `c${containers.size}`,
      spec,
      imageId: IMAGE_ID,
      created_ms: 1_700_000_000_000,
      state: { status: 'created' },
      restartCount: 0,
      process: { path: spec.command?.[0] ?? 'sh', args: spec.command?.slice(1) ?? [], environment: [], workingDirectory: '/', user: '' },
      endpoints: {},
      ports: [],
      mounts: [],
      logPath: '/log',
      warnings: [],
    };
    containers.set(id, container);
    return container;
  };
  const get = (ref: string): Container => {
    const found = [...containers.values()].find((container) => container.id === ref || container.name === ref);
    if (!found) throw new GantryError('CONTAINER_UNKNOWN', 404, `No such container: ${ref}`);
    return found;
  };
  const partial = {
    containers: {
      create: (spec: ContainerSpec) => {
        made.push(spec);
        return Promise.resolve(add(spec));
      },
      start: (ref: string) => {
        const container = get(ref);
        containers.set(container.id, { ...container, state: { status: 'running', pid: 1, startedAt_ms: 1_700_000_000_000 } });
        return Promise.resolve();
      },
      remove: (ref: string) => Promise.resolve(void containers.delete(get(ref).id)),
      wait: () => Promise.resolve({ exitCode: 3 }),
      get,
      list: (filter: (container: Container) => boolean = () => true) => [...containers.values()].filter(filter),
      attach: () => Promise.resolve(echo()),
      async *logs() {
        yield { time: '2023-01-01T00:00:00.000000001Z', stream: 'stdout', content: Buffer.from('one\n'), partial: false };
        yield { time: '2023-01-01T00:00:00.000000002Z', stream: 'stderr', content: Buffer.from('two\n'), partial: false };
      },
    },
    execs: {
      create: (ref: string, spec: Exec['spec']) => {
        execs.set('e1', { id: 'e1', containerId: get(ref).id, spec, running: false });
        return Promise.resolve('e1');
      },
      start: () => Promise.resolve(echo()),
      list: () => [],
      get: (id: string) => {
        const exec = execs.get(id);
        if (!exec) throw new GantryError('EXEC_UNKNOWN', 404, 'no');
        return exec;
      },
    },
    networks: { list: () => [] },
    volumes: { list: () => [] },
    events: { subscribe: () => ({ [Symbol.dispose]() {} }), recent: () => [] },
  };
  const images = {
    list: () => Promise.resolve([image]),
    resolve: (name: string) => (name === 'busybox' || name === IMAGE_ID ? Promise.resolve(image) : Promise.reject(new GantryError('IMAGE_UNKNOWN', 404, 'no'))),
    onEvent: () => ({ [Symbol.dispose]() {} }),
  };
  return {
    // A fake has only the methods that the tests reach.
    engine: partial as object as Engine,
    images: images as object as ImageStore,
    builder: { build: () => Promise.reject(new GantryError('X', 400, 'no build')) } as object as Builder,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    info: {
      id: 'ID',
      version: '0.1.0',
      dataDir: '/d',
      name: 'host',
      cgroupVersion: '1',
      kernelVersion: '6',
      operatingSystem: 'Debian',
      architecture: 'amd64',
      cpus: 2,
      memory_bytes: 1,
      swapLimit: true,
      cgroupNamespaces: true,
      debug: false,
      runtimes: [{ name: 'crun', path: '/usr/bin/crun', args: [] }],
      defaultRuntime: 'crun',
      labels: [],
      proxies: {},
      registries: { insecure: [], insecureNetworks: [], mirrors: [] },
      seccompProfile: 'builtin',
      addressPools: [],
      warnings: [],
    },
    made,
    add,
  };
}

const image: Image = {
  id: IMAGE_ID,
  manifestDigest: IMAGE_ID,
  manifest: { schemaVersion: 2, mediaType: '', config: { mediaType: '', digest: IMAGE_ID, size: 1 }, layers: [] },
  config: { architecture: 'amd64', os: 'linux', config: { Cmd: ['sh'] }, rootfs: { type: 'layers', diff_ids: [] } },
  tags: ['docker.io/library/busybox:latest'],
  digests: [],
  size_bytes: 5,
  created_ms: 0,
};

/** Says what it is told, until its input ends; then a line to standard error. */
function echo(): ProcessStreams {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  stdin.pipe(stdout);
  stdin.once('end', () => stderr.end('bye'));
  return { stdin, stdout, stderr, resize: () => Promise.resolve(), exited: Promise.resolve(0), detach: () => void Readable.from([]).resume() };
}
