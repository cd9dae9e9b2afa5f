export { createEngine } from './engine.ts';
export type { EngineOptions } from './rooms.ts';
export type { RuntimePrograms } from './runtime/runtime.ts';
export { EngineError, StartError } from './errors.ts';
export { MASKED_PATHS, READONLY_PATHS } from './spec/spec.ts';
export { logDetails } from './logs/log-options.ts';
export type * from './types.ts';
