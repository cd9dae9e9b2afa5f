export { createBuilder, type BuilderOptions } from './builder.ts';
export { parseDuration_ns } from './dockerfile/healthcheck.ts';
export { applyChanges } from './changes.ts';
export { BuildStepError, DockerfileError } from './errors.ts';
export type * from './types.ts';
