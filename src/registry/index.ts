export type { CollectReport } from './collect.ts';
export { RegistryError, type RegistryCode } from './errors.ts';
export { checkReach, createRegistry, type Registry, type RegistryOptions } from './registry.ts';
export type { QuotaSettings } from './quota.ts';
export type { RetentionRule, RetentionSettings } from './retention.ts';
export type { RegistrySettings } from './settings.ts';
export type { S3Settings } from './storage/choose.ts';
