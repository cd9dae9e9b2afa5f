export { RegistryError, type RegistryCode } from './errors.ts';
export { checkReach, createRegistry, type Registry, type RegistryOptions } from './registry.ts';
export type { RegistrySettings } from './settings.ts';
