export { chainIds, digestFromHex, digestOf, hexOf, isDigest, parseDigest, shortId } from './digest.ts';
export { isIndex, parseManifest } from './manifest.ts';
export { type ImageStoreOptions, openImageStore, type OpenImageStore } from './open.ts';
export { familiarName, formatReference, isRepository, isTag, parseReference, repositoryName } from './reference.ts';
export { encodeRecord, RecordFolder, type RecordFormat } from './records.ts';
export { type Endpoint, endpointsOf, loadRegistries, NO_REGISTRIES, parseRegistries, type RegistriesConfig, type RegistryEntry } from './registries.ts';
export { parseProxy, type ProxySettings } from './remote/proxy.ts';
export type { RemoteOptions } from './remote/session.ts';
export type * from './types.ts';
