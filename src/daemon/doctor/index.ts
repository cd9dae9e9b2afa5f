export { checkForwarding } from './forwarding.ts';
export { installPackages, wantedPackages } from './mend.ts';
export { checkPrograms, DEMO_PROGRAMS, findProgram, PROGRAMS } from './programs.ts';
export { tryKernel } from './trials.ts';
export type { Finding, Remedy } from './types.ts';
