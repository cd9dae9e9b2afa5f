export { RegistryError, type RegistryCode } from './errors.ts';
export { checkLoopback, createRegistry, type Registry, type RegistryOptions } from './registry.ts';
export type { RegistrySettings } from './settings.ts';
