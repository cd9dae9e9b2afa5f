export { algorithmOf, chainIds, digestFromHex, digestOf, hexOf, isDigest, parseDigest, shortId } from './digest.ts';
export { layersOf } from './layers-of.ts';
export { isIndex, parseManifest } from './manifest.ts';
export { type ImageStoreOptions, openImageStore, type OpenImageStore } from './open.ts';
export { familiarName, formatReference, isRepository, isTag, parseReference, repositoryName } from './reference.ts';
export { encodeRecord, fileName, RecordFolder, type RecordFormat } from './records.ts';
export { type Endpoint, endpointsOf, loadRegistries, NO_REGISTRIES, parseRegistries, type RegistriesConfig, type RegistryEntry } from './registries.ts';
export { type RegistrySettings, withSettings } from './registry-settings.ts';
export { parseProxy, type ProxySettings } from './remote/proxy.ts';
export type { CopyCall } from './remote/copy.ts';
export type { ManifestTree, TagSummary } from './remote/tree.ts';
export type { Remotes } from './remote/open-remotes.ts';
export type { RemoteManifest, RemoteRepository } from './remote/repository.ts';
export type { RemoteOptions } from './remote/session.ts';
export { bounded, DEFAULT_BOUNDS, type Limits, roomIn, type UnpackBounds, withRoom } from './bounds.ts';
export { pathInvalid } from './errors.ts';
export { findInRoot, type Found, readInRoot } from './live/in-root.ts';
export { plainContent } from './tar/compression.ts';
export type { TarEntry } from './tar/entry.ts';
export { timeOf } from './tar/files.ts';
export { cleanPath, fromBytesText, toBytesText } from './tar/names.ts';
export { entryRefused } from './tar/refusals.ts';
export { TarReader } from './tar/read.ts';
export { applyMode, parseMode } from './trees/mode.ts';
export { makeFoldersBelow, resolveBelow } from './trees/in-root.ts';
export { treesHere } from './trees/trees.ts';
export type * from './types.ts';
export { FileUploads } from './uploads.ts';

/** See `remote/open-remotes.ts`; loaded when registries are to be asked. */
export const openRemotes = async (
  ...given: Parameters<typeof import('./remote/open-remotes.ts').makeRemotes>
): Promise<import('./remote/open-remotes.ts').Remotes> => (await import('./remote/open-remotes.ts')).makeRemotes(...given);
