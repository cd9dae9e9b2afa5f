export { createBuilder, type BuilderOptions } from './builder.ts';
export { applyChanges } from './changes.ts';
export { BuildStepError, DockerfileError } from './errors.ts';
export type * from './types.ts';
export { baseNames, checkDockerfile, type CheckResult } from './check/check.ts';
export type { Finding } from './check/rule.ts';
export { baseFacts } from './check/base-facts.ts';
export type { Surroundings } from './check/subject.ts';
export { ignorePatterns } from './ignore.ts';
