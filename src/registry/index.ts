export { RegistryError, type RegistryCode } from './errors.ts';
export { checkReach, createRegistry, type Registry, type RegistryOptions } from './registry.ts';
export type { RegistrySettings } from './settings.ts';
export { ACTIONS, type AccessRule, type AccessSettings, type TokenSettings } from './access/types.ts';
export type { AuditSettings } from './audit/audit-log.ts';
export { HOOK_ACTIONS, type HookSettings } from './hooks/types.ts';
export type { TlsSettings } from './http/certificate.ts';
export type { LimitSettings, RequestLimit } from './limits/rate.ts';
export type { UpstreamSettings } from './upstream/types.ts';
