import { CommandError, UsageError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { messageOf } from '#kit';
import type { DockerClient } from './client.ts';
import { type FolderDescriptor, OciFolder } from './oci-folder.ts';

/** Caches of a build: those in folders of this machine, and in their own words those that the daemon sees to. */
export interface CachePlaces {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly fromFolders: readonly string[];
  readonly toFolders: readonly string[];
  /** Whose steps the folders get. */
  readonly mode: 'min' | 'max';
}
/** As the daemon tells it (`CacheSteps`); what else stands there is its own. */
export interface ExportedSteps {
  readonly steps: readonly { readonly layer?: { readonly blob: FolderDescriptor } }[];
}

const ARTIFACT_TYPE = 'application/vnd.gantry.build-cache.v1';
const CONFIG_TYPE = 'application/vnd.gantry.build-cache.config.v1+json';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** Sorts `--cache-from` and `--cache-to` by who sees to them. Errors: `USAGE`. Pure. */
export function cachePlaces(from: readonly string[], to: readonly string[]): CachePlaces {
  const targets = to.filter(isLocal).map((text) => fieldsOf('--cache-to', text, ['dest', 'mode']));
  const [mode = 'min', ...others] = new Set(targets.map((fields) => fields.get('mode') ?? 'min'));
  if (mode !== 'min' && mode !== 'max') throw new UsageError(`Cannot take mode=${mode} for --cache-to: it is min or max`);
  if (others.length > 0) throw new UsageError('Cannot write several local caches with different modes: let them all say the same');
  return {
    from: from.filter((text) => !isLocal(text)),
    to: to.filter((text) => !isLocal(text)),
    fromFolders: from.filter(isLocal).map((text) => needed(fieldsOf('--cache-from', text, ['src']), 'src', text)),
    toFolders: targets.map((fields, index) => needed(fields, 'dest', to.filter(isLocal)[index] ?? '')),
    mode,
  };
}

/** Gives the daemon what folders keep; it is sent only the layers that it lacks. A folder that cannot be used is told and passed over. */
export async function sendCaches(client: DockerClient, folders: readonly string[], terminal: Terminal): Promise<void> {
  for (const folder of folders) {
    try {
      await sendCache(client, new OciFolder(folder));
    } catch (error) {
      terminal.stderr.write(`[Warning] The cache source ${folder} is not used: ${messageOf(error)}\n`);
    }
  }
}

async function sendCache(client: DockerClient, folder: OciFolder): Promise<void> {
  const manifest = await folder.manifest();
  if (manifest === undefined) throw new CommandError('there is no index.json in it');
  const { config } = (await folder.document(manifest.digest)) as { config?: Partial<FolderDescriptor> }; // looked at just below
  if (config?.mediaType !== CONFIG_TYPE || config.digest === undefined) throw new CommandError('it holds something else than a cache of gantry build');
  const body = (await folder.document(config.digest)) as object; // `document` gives objects only
  const ask = () => client.json<{ Missing: readonly FolderDescriptor[] }>({ method: 'POST', path: '/gantry/build/cache', body });
  const { Missing: missing } = await ask();
  for (const { digest } of missing) {
    const stream = { content: folder.read(digest), type: 'application/octet-stream' };
    await client.done({ method: 'POST', path: `/gantry/build/cache/${digest}`, stream });
  }
  if (missing.length > 0) await ask();
}

/** Writes what a build's steps made to folders, each an OCI image layout; layers that are there are not fetched again. */
export async function writeCaches(client: DockerClient, folders: readonly string[], exported: ExportedSteps, terminal: Terminal): Promise<void> {
  for (const path of folders) {
    const folder = new OciFolder(path);
    const layers = new Map(exported.steps.flatMap(({ layer }) => (layer === undefined ? [] : [[layer.blob.digest, layer.blob] as const])));
    for (const blob of layers.values()) {
      if (!(await folder.has(blob))) await folder.write(blob.digest, await client.request({ method: 'GET', path: `/gantry/build/cache/${blob.digest}` }));
    }
    const config = await folder.writeDocument(CONFIG_TYPE, exported);
    const manifest = { schemaVersion: 2, mediaType: MANIFEST_TYPE, artifactType: ARTIFACT_TYPE, config, layers: [...layers.values()] };
    const annotations = { 'org.opencontainers.image.ref.name': 'latest' };
    await folder.keep({ ...(await folder.writeDocument(MANIFEST_TYPE, manifest)), annotations }, [config, ...layers.values()]);
    terminal.stderr.write(`Exported the cache to ${path}\n`);
  }
}

function isLocal(text: string): boolean {
  return text.split(',').includes('type=local');
}

function fieldsOf(option: string, text: string, known: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map(text.split(',').map((field) => [field.slice(0, Math.max(0, field.indexOf('='))), field.slice(field.indexOf('=') + 1)] as const));
  const unknown = [...fields.keys()].find((name) => name !== 'type' && !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`Cannot take "${text}" for ${option}: there is no field ${unknown}; type=local has ${known.join(' and ')}`);
  return fields;
}

function needed(fields: ReadonlyMap<string, string>, name: string, text: string): string {
  const value = fields.get(name);
  if (!value) throw new UsageError(`Cannot take "${text}" for a cache: write type=local,${name}=FOLDER`);
  return value;
}
