export { RegistryError, type RegistryCode } from './errors.ts';
export { createRegistry, type Registry, type RegistryOptions } from './registry.ts';
