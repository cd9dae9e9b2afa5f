export type { Finding } from './doctor/index.ts';
export { examine } from './examine.ts';
export { findStatus } from './find.ts';
export { runDaemon } from './run.ts';
export { takeDown } from './take-down.ts';
export type { DaemonStatus, PartHealth } from './types.ts';
