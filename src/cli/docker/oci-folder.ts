import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isSystemError } from '#kit';
import { CommandError } from '../errors.ts';

export interface FolderDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** As an index tells of it. */
type ListedDescriptor = FolderDescriptor & { readonly platform?: { readonly os: string; readonly architecture: string } };

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const LAYOUT = JSON.stringify({ imageLayoutVersion: '1.0.0' });
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** A folder in the form of an OCI image layout (OCI image-spec, "Image Layout") that keeps one manifest. */
export class OciFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What its index names; undefined where there is no such folder. Errors: `COMMAND_FAILED` for another folder. */
  async manifest(): Promise<FolderDescriptor | undefined> {
    let text: string;
    try {
      text = await readFile(join(this.#folder, 'index.json'), 'utf8');
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined;
      throw error;
    }
    const { manifests } = this.#parse(text, 'index.json') as { manifests?: readonly FolderDescriptor[] }; // each is looked at when it is read
    return Array.isArray(manifests) ? manifests.at(0) : undefined;
  }

  /** The image that a tag names, or a digest; without either, `latest` or the only one. Of an index, what is for the platform. Errors: `COMMAND_FAILED`. */
  async image(wanted: { readonly tag?: string; readonly digest?: string; readonly platform: string }): Promise<FolderDescriptor> {
    const text = await readFile(join(this.#folder, 'index.json'), 'utf8');
    const all = manifestsIn(this.#parse(text, 'index.json'));
    const { digest, tag = 'latest' } = wanted;
    const named =
      digest === undefined
        ? (all.find((each) => isNamed(each, tag)) ?? (wanted.tag === undefined && all.length === 1 ? all[0] : undefined))
        : all.find((each) => each.digest === digest);
    if (named === undefined) throw new CommandError(`${this.#folder} has no image ${digest ?? tag}`);
    const inside = manifestsIn(await this.document(named.digest));
    if (inside.length === 0) return named;
    const fitting = inside.find(({ platform }) => platform !== undefined && `${platform.os}/${platform.architecture}` === wanted.platform);
    if (fitting === undefined) throw new CommandError(`${this.#folder} has no image for ${wanted.platform}`);
    return fitting;
  }

  /** A document of it, verified. Errors: `COMMAND_FAILED`. */
  async document(digest: string): Promise<unknown> {
    const bytes = await readFile(this.#place(digest));
    if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest) throw new CommandError(`${this.#place(digest)} is not what its name says`);
    return this.#parse(bytes.toString('utf8'), digest);
  }

  async has({ digest, size }: Pick<FolderDescriptor, 'digest' | 'size'>): Promise<boolean> {
    try {
      return (await stat(this.#place(digest))).size === size;
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return false;
      throw error;
    }
  }

  read(digest: string): Readable {
    return createReadStream(this.#place(digest));
  }

  /** Brings a blob, whole or not at all. Errors: `COMMAND_FAILED` for other bytes. */
  async write(digest: string, content: Readable): Promise<void> {
    const place = this.#place(digest);
    await mkdir(join(this.#folder, 'blobs', 'sha256'), { recursive: true });
    const aside = `${place}.new`;
    const hash = createHash('sha256');
    try {
      await pipeline(
        content,
        async function* (source: AsyncIterable<Buffer>) {
          for await (const piece of source) {
            hash.update(piece);
            yield piece;
          }
        },
        createWriteStream(aside),
      );
      if (`sha256:${hash.digest('hex')}` !== digest) throw new CommandError(`Cannot write ${place}: other bytes came than those of its digest`);
      await rename(aside, place);
    } catch (error) {
      await rm(aside, { force: true });
      throw error;
    }
  }

  async writeDocument(mediaType: string, value: unknown): Promise<FolderDescriptor> {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await this.write(digest, Readable.from([bytes]));
    return { mediaType, digest, size: bytes.length };
  }

  /** Makes a manifest the one that the folder keeps, and takes away the blobs that are not `kept`. */
  async keep(manifest: FolderDescriptor, kept: readonly FolderDescriptor[]): Promise<void> {
    await writeFile(join(this.#folder, 'oci-layout'), LAYOUT);
    const index = join(this.#folder, 'index.json');
    await writeFile(`${index}.new`, JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [manifest] }));
    await rename(`${index}.new`, index);
    const names = new Set([manifest, ...kept].map(({ digest }) => digest.slice('sha256:'.length)));
    const blobs = join(this.#folder, 'blobs', 'sha256');
    for (const name of await readdir(blobs)) if (!names.has(name)) await rm(join(blobs, name));
  }

  #place(digest: string): string {
    if (!DIGEST.test(digest)) throw new CommandError(`${this.#folder} names ${JSON.stringify(digest)}, which is no digest`);
    return join(this.#folder, 'blobs', 'sha256', digest.slice('sha256:'.length));
  }

  #parse(text: string, name: string): unknown {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null) return value;
    } catch (error) {
      throw new CommandError(`${join(this.#folder, name)} is no JSON`, 1, { cause: error });
    }
    throw new CommandError(`${join(this.#folder, name)} is no object`);
  }
}

function manifestsIn(document: unknown): readonly ListedDescriptor[] {
  const { manifests } = document as { manifests?: readonly ListedDescriptor[] }; // an index has a list, and each of it is looked at when it is read
  return Array.isArray(manifests) ? manifests : [];
}

/** By its tag, or by a whole name that ends so. */
function isNamed({ annotations }: FolderDescriptor, tag: string): boolean {
  const name = annotations?.['org.opencontainers.image.ref.name'] ?? '';
  return name === tag || name.endsWith(`:${tag}`);
}
