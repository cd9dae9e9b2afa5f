import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { GantryError, silentLogger, systemClock, systemRandom } from '#kit';
import type { Container, ContainerId, ContainerSpec, Engine } from '#engine';
import { DEFAULT_BOUNDS, treesHere } from '#image';
import type { Digest, Image, ImageConfig, ImageStore, Layer, Snapshots } from '#image';
import type { BuilderOptions } from './session.ts';

/** What a RUN does in a test: writes in the root, answers output and exit code. */
export type FakeRun = (words: readonly string[], root: string, environment: readonly string[]) => Promise<{ output: string; exitCode: number }>;

/** Images and snapshots as plain folders, and an engine that runs a function: the builder's world without overlay mounts and processes. */
export function fakeRooms(folder: string, run: FakeRun) {
  const images = new Map<string, Image>();
  const names = new Map<string, string>();
  const leases = new Map<string, Set<string>>();
  const containers = new Map<string, Container>();
  let counter = 0;
  const tree = (image: Image) => join(folder, 'layers', image.config.rootfs.diff_ids.at(-1)?.slice(7) ?? 'empty');
  const resolve = (name: string): Promise<Image> => {
    const image = images.get(name) ?? images.get(names.get(name) ?? '');
    return image
      ? Promise.resolve({ ...image, tags: [...names].flatMap(([tag, id]) => (id === image.id ? [tag] : [])) })
      : Promise.reject(new GantryError('IMAGE_UNKNOWN', 404, `no ${name}`));
  };
  const keep = async (root: string): Promise<Layer> => {
    const diffId = digestOf(`layer ${(counter += 1)}`);
    await cp(root, join(folder, 'layers', diffId.slice(7)), { recursive: true, verbatimSymlinks: true });
    return { diffId, blob: { mediaType: 'layer', digest: diffId, size: 1 } };
  };
  const create = ({ config, layers }: { config: ImageConfig; layers: readonly Layer[] }): Promise<Image> => {
    const id = digestOf(JSON.stringify(config));
    const manifest = { schemaVersion: 2 as const, mediaType: '', config: { mediaType: '', digest: id, size: 1 }, layers: layers.map((layer) => layer.blob) };
    const image: Image = { id, manifestDigest: id, manifest, config, tags: [], digests: [], size_bytes: 0, created_ms: 0 };
    images.set(id, image);
    return Promise.resolve(image);
  };
  const snapshots: Pick<Snapshots, 'prepareLayers' | 'mount' | 'remove' | 'take' | 'seal' | 'list'> = {
    async prepareLayers(key, layers) {
      const path = join(folder, 'snapshots', key);
      await mkdir(path, { recursive: true });
      const top = layers.at(-1);
      if (top) await cp(join(folder, 'layers', top.diffId.slice(7)), path, { recursive: true, verbatimSymlinks: true });
    },
    mount: (key) => Promise.resolve(join(folder, 'snapshots', key)),
    remove: (key) => rm(join(folder, 'snapshots', key), { recursive: true, force: true }),
    take: (key, item) => treesHere().copy(join(folder, 'snapshots', key), [item]),
    seal: (key) => keep(join(folder, 'snapshots', key)),
    list: () => readdir(join(folder, 'snapshots')),
  };
  const streams = new Map<string, PassThrough>();
  const exits = new Map<string, PromiseWithResolvers<{ exitCode: number }>>();
  const engine = {
    containers: {
      async create(spec: ContainerSpec) {
        const id = systemRandom.hex(64) as ContainerId; // the form of an id
        await snapshots.prepareLayers(id, spec.layers ?? []);
        containers.set(id, { id, spec } as Container); // the builder reads no more of it
        streams.set(id, new PassThrough());
        exits.set(id, Promise.withResolvers());
        return { id };
      },
      attach: (id: string) => Promise.resolve({ stdout: streams.get(id), exited: Promise.resolve(0), resize: () => Promise.resolve(), detach() {} }),
      wait: (id: string) => exits.get(id)?.promise,
      async start(id: string) {
        const { output, exitCode } = await run(
          containers.get(id)?.spec.command ?? [],
          join(folder, 'snapshots', id),
          containers.get(id)?.spec.environment ?? [],
        );
        streams.get(id)?.end(output);
        exits.get(id)?.resolve({ exitCode });
      },
      commitLayer: (id: string) => keep(join(folder, 'snapshots', id)),
      async remove(id: string) {
        await snapshots.remove(id);
        containers.delete(id);
      },
      kill: () => Promise.resolve(),
      list: (filter: (container: Container) => boolean) => [...containers.values()].filter(filter),
    },
  };
  const options: BuilderOptions = {
    // Fakes have only what the builder reaches.
    engine: engine as object as Engine,
    images: {
      create,
      resolve,
      tag: (id: string, { registry, repository, tag }: { registry: string; repository: string; tag?: string }) =>
        Promise.resolve(void names.set(`${registry}/${repository}:${tag}`, id)),
      content: { stat: () => Promise.resolve({ size: 1 }) },
      trees: treesHere(),
      bounds: DEFAULT_BOUNDS,
      list: () => Promise.resolve([...images.values()]),
      leases: (prefix: string) => new Map([...leases].filter(([owner]) => owner.startsWith(prefix)).map(([owner, held]) => [owner, [...held]])),
      collect: () => Promise.resolve(0),
      remove: (id: string) => Promise.resolve(void images.delete(id)),
      lease: (owner: string, id: string) => Promise.resolve(void leases.set(owner, (leases.get(owner) ?? new Set()).add(id))),
      release: (owner: string, id?: string) => {
        if (id !== undefined) leases.get(owner)?.delete(id);
        if (id === undefined || leases.get(owner)?.size === 0) leases.delete(owner);
        return Promise.resolve();
      },
      pull: () => Promise.reject(new GantryError('PULL', 404, 'no registry here')),
    } as object as ImageStore,
    snapshots: snapshots as Snapshots,
    dataDir: folder,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  };
  return { options, images, names, leases, containers, tree, keep, create };
}

export function digestOf(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest; // the form of a digest
}
