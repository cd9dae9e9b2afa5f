import { chainIds, familiarName } from '#image';
import type { Image } from '#image';
import { shaped } from './shapes.ts';

/** Ids of images that another image was built upon: Docker hides such of them as have no name. */
export function intermediateIds(images: readonly Image[]): ReadonlySet<string> {
  const histories = new Set<string>();
  for (const image of images) {
    const steps = image.config.history ?? [];
    const layers = image.config.rootfs.diff_ids;
    let used = 0;
    const key: string[] = [];
    for (const step of steps.slice(0, -1)) {
      if (!step.empty_layer) used += 1;
      key.push(`${step.created ?? ''} ${step.created_by ?? ''}`);
      histories.add(historyKey(key, layers.slice(0, used)));
    }
  }
  const own = (image: Image) =>
    historyKey(
      (image.config.history ?? []).map((step) => `${step.created ?? ''} ${step.created_by ?? ''}`),
      image.config.rootfs.diff_ids,
    );
  return new Set(images.filter((image) => histories.has(own(image))).map((image) => image.id));
}

function historyKey(steps: readonly string[], layers: readonly string[]): string {
  return JSON.stringify([steps, layers]);
}

/** An entry of `GET /images/json`. `shared_bytes` of other images' layers are told to those who ask. */
export function imageSummary(image: Image, context: { readonly containers: number; readonly minor: number; readonly shared_bytes?: number }): object {
  const { minor } = context;
  const [tags, digests] = [image.tags.map(familiarName), image.digests.map(familiarName)];
  const value = {
    Id: image.id,
    ParentId: '',
    RepoTags: tags.length === 0 && minor < 43 ? ['<none>:<none>'] : tags,
    RepoDigests: digests.length === 0 && tags.length === 0 && minor < 43 ? ['<none>@<none>'] : digests,
    Created: Math.floor(image.created_ms / 1000),
    Size: image.size_bytes,
    SharedSize: context.shared_bytes ?? -1,
    VirtualSize: image.size_bytes,
    Labels: image.config.config.Labels ?? null,
    Containers: minor < 51 ? -1 : context.containers,
  };
  return shaped('imageSummary', value, minor);
}

/** Bytes of an image's layers that other images have too, of a store with these images. */
export function sharedBytes(images: readonly Image[], sizesOf: (image: Image) => readonly number[]): (image: Image) => number {
  const counts = new Map<string, number>();
  for (const image of images) for (const chain of chainIds(image.config.rootfs.diff_ids)) counts.set(chain, (counts.get(chain) ?? 0) + 1);
  return (image) => {
    const sizes = sizesOf(image);
    return chainIds(image.config.rootfs.diff_ids).reduce((sum, chain, index) => sum + ((counts.get(chain) ?? 0) > 1 ? (sizes[index] ?? 0) : 0), 0);
  };
}

/** What stood in an image's Config by accident until 1.49: fields of containers, never set. */
const RUNTIME_FIELDS = {
  Hostname: '',
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
};

/** `GET /images/{name}/json`. */
export function imageInspect(image: Image, minor: number): object {
  const { config } = image;
  const value = {
    Id: image.id,
    RepoTags: image.tags.map(familiarName),
    RepoDigests: image.digests.map(familiarName),
    Parent: '',
    Comment: config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? (minor < 44 ? '0001-01-01T00:00:00Z' : ''),
    Container: '',
    ContainerConfig: null,
    DockerVersion: '',
    Author: config.author ?? '',
    Config: {
      ...RUNTIME_FIELDS,
      User: '',
      Env: null,
      Cmd: null,
      WorkingDir: '',
      Entrypoint: null,
      Volumes: null,
      OnBuild: null,
      Labels: null,
      ...config.config,
    },
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: image.size_bytes,
    VirtualSize: image.size_bytes,
    GraphDriver: { Name: 'overlay2', Data: {} },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
  };
  return shaped('image', value, minor);
}

/** `GET /images/{name}/history`, newest first. `sizes` are those of the layers, lowest first. */
export function imageHistory(image: Image, sizes: readonly number[]): readonly object[] {
  let layer = 0;
  const entries = (image.config.history ?? []).map((step) => ({
    Id: '<missing>',
    Created: Math.floor(Date.parse(step.created ?? image.config.created ?? '') / 1000) || 0,
    CreatedBy: step.created_by ?? '',
    Tags: null as readonly string[] | null,
    Size: step.empty_layer ? 0 : (sizes[layer++] ?? 0),
    Comment: step.comment ?? '',
  }));
  const last = entries.at(-1);
  if (last) {
    last.Id = image.id;
    last.Tags = image.tags.length === 0 ? null : image.tags.map(familiarName);
  }
  return entries.reverse();
}
