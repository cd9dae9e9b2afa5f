export { createEngine } from './engine.ts';
export type { EngineOptions } from './rooms.ts';
export type { OciRuntime } from './runtime/oci-runtimes.ts';
export type { RuntimePrograms } from './runtime/runtime.ts';
export { EngineError, StartError } from './errors.ts';
export { logBounds, logDetails } from './logs/log-options.ts';
export type * from './types.ts';
export { ADDRESS_POOLS, type AddressPools, type DefaultBridge } from './networks.ts';
export { seccompOf } from './spec/seccomp.ts';
