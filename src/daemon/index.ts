export type { Finding } from './doctor/index.ts';
export { collectRegistry } from './control.ts';
export { findDirs, findStatus } from './find.ts';
export type { DaemonStatus, PartHealth } from './types.ts';
export type { WhyFinding } from './why/types.ts';

// What only some commands need is loaded by those: asking for the status takes no engine.

/** See `run.ts`. */
export const runDaemon: typeof import('./run.ts').runDaemon = async (options) => (await import('./run.ts')).runDaemon(options);
/** See `take-down.ts`. */
export const takeDown: typeof import('./take-down.ts').takeDown = async (options) => (await import('./take-down.ts')).takeDown(options);
/** See `examine.ts`. */
export const examine: typeof import('./examine.ts').examine = async (options) => (await import('./examine.ts')).examine(options);
/** See `why/explain.ts`. */
export const explainPort: typeof import('./why/explain.ts').explainPort = async (...given) => (await import('./why/explain.ts')).explainPort(...given);
/** See `why/explain.ts`. */
export const explainContainer: typeof import('./why/explain.ts').explainContainer = async (...given) =>
  (await import('./why/explain.ts')).explainContainer(...given);
/** See `registry-client.ts`. */
export const openRegistryClient: typeof import('./registry-client.ts').openRegistryClient = async (...given) =>
  (await import('./registry-client.ts')).openRegistryClient(...given);
/** See `backup.ts`. */
export const backup: typeof import('./backup.ts').backup = async (options) => (await import('./backup.ts')).backup(options);
/** See `backup.ts`. */
export const restore: typeof import('./backup.ts').restore = async (options) => (await import('./backup.ts')).restore(options);
/** See `issue-certificates.ts`. */
export const makeAuthority: typeof import('./issue-certificates.ts').makeAuthority = async (given) =>
  (await import('./issue-certificates.ts')).makeAuthority(given);
/** See `issue-certificates.ts`. */
export const makeLeaf: typeof import('./issue-certificates.ts').makeLeaf = async (given) => (await import('./issue-certificates.ts')).makeLeaf(given);
