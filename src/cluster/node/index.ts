export { createNodeAgent } from './agent.ts';
export { type MachineOptions, openMachine } from './machine/open-machine.ts';
export type * from './types.ts';
