import type { V1DownwardAPIVolumeFile, V1KeyToPath, V1Volume, V1VolumeProjection } from '#cluster/api';
import { messageOf } from '#kit';
import { VolumeError } from '../errors.ts';
import { configEntries, secretEntries, type Sources } from '../process/environment.ts';
import type { Payload, PayloadFile } from '../types.ts';
import { type PodFacts, podField, resourceField } from '../process/fields.ts';

const MODE = 0o644;
const TOKEN_SECONDS = 3600;

/** The files of a configMap, secret, downwardAPI or projected volume; undefined for other kinds. Errors: `FailedMount`. */
export async function payloadOf(volume: V1Volume, facts: PodFacts, sources: Sources): Promise<Payload | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return await project(volume.name, { configMap }, configMap.defaultMode ?? MODE, facts, sources);
  if (secret) {
    const { secretName, items, optional } = secret;
    const source = {
      ...(secretName === undefined ? {} : { name: secretName }),
      ...(items === undefined ? {} : { items }),
      ...(optional === undefined ? {} : { optional }),
    };
    return await project(volume.name, { secret: source }, secret.defaultMode ?? MODE, facts, sources);
  }
  if (downwardAPI) return await project(volume.name, { downwardAPI }, downwardAPI.defaultMode ?? MODE, facts, sources);
  if (!projected) return undefined;
  const parts = await Promise.all((projected.sources ?? []).map((source) => project(volume.name, source, projected.defaultMode ?? MODE, facts, sources)));
  return new Map(parts.flatMap((part) => [...part]));
}

async function project(volume: string, source: V1VolumeProjection, mode: number, facts: PodFacts, sources: Sources): Promise<Payload> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (serviceAccountToken) {
    const { path, audience, expirationSeconds = TOKEN_SECONDS } = serviceAccountToken;
    const token = await sources.token(facts.pod, { lifetime_s: expirationSeconds, ...(audience ? { audience } : {}) });
    return new Map([[checked(volume, path), { content: Buffer.from(token), mode }]]);
  }
  if (configMap) {
    const found = await sources.configMap(configMap.name ?? '');
    return keyed(volume, { kind: 'configmap', ...configMap }, found && configEntries(found), mode);
  }
  if (secret) {
    const found = await sources.secret(secret.name ?? '');
    return keyed(volume, { kind: 'secret', ...secret }, found && secretEntries(found), mode);
  }
  if (downwardAPI)
    return new Map(
      (downwardAPI.items ?? []).map(
        (item) => [checked(volume, item.path), { content: Buffer.from(told(volume, item, facts)), mode: item.mode ?? mode }] as const,
      ),
    );
  throw new VolumeError(
    volume,
    `a projected volume's source ${Object.keys(source).join(', ')} is not supported: use configMap, secret, downwardAPI or serviceAccountToken`,
  );
}

interface Keyed {
  readonly kind: string;
  readonly name?: string;
  readonly items?: V1KeyToPath[];
  readonly optional?: boolean;
}

function keyed(
  volume: string,
  { kind, name = '', items, optional }: Keyed,
  entries: readonly (readonly [string, Buffer])[] | undefined,
  mode: number,
): Payload {
  if (entries === undefined && optional !== true) throw new VolumeError(volume, `${kind} "${name}" not found`);
  const content = new Map(entries ?? []);
  if (items === undefined) return new Map([...content].map(([key, bytes]) => [checked(volume, key), { content: bytes, mode }] as const));
  const files = new Map<string, PayloadFile>();
  for (const item of items) {
    const bytes = content.get(item.key);
    if (bytes !== undefined) files.set(checked(volume, item.path), { content: bytes, mode: item.mode ?? mode });
    else if (optional !== true) throw new VolumeError(volume, `references non-existent ${kind} key: ${item.key}`);
  }
  return files;
}

function told(volume: string, { fieldRef, resourceFieldRef }: V1DownwardAPIVolumeFile, facts: PodFacts): string {
  try {
    if (fieldRef) return podField(facts, fieldRef.fieldPath);
    return resourceFieldRef ? resourceField(facts, undefined, resourceFieldRef) : '';
  } catch (error) {
    throw new VolumeError(volume, messageOf(error), error);
  }
}

/** Paths in a volume lead nowhere else. */
function checked(volume: string, path: string): string {
  if (path === '' || path.startsWith('/') || path.split('/').includes('..') || path.startsWith('..'))
    throw new VolumeError(volume, `invalid path "${path}": want a relative path without ".."`);
  return path;
}

/** The ConfigMaps and Secrets that a volume is made of. */
export function objectsOf(volume: V1Volume): readonly { readonly kind: 'configMap' | 'secret'; readonly name: string }[] {
  const { configMap, secret, projected } = volume;
  return [
    ...(configMap ? [{ kind: 'configMap' as const, name: configMap.name ?? '' }] : []),
    ...(secret ? [{ kind: 'secret' as const, name: secret.secretName ?? '' }] : []),
    ...(projected?.sources ?? []).flatMap((source) =>
      objectsOf({
        name: '',
        ...(source.configMap ? { configMap: source.configMap } : {}),
        ...(source.secret?.name ? { secret: { secretName: source.secret.name } } : {}),
      }),
    ),
  ];
}
