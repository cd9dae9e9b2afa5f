export { createNodeAgent } from './agent.ts';
export type * from './types.ts';
