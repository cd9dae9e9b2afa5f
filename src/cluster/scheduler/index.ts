export type { ClusterView, NodeView, Rejection, Scheduler, SchedulerOptions, Verdict } from './types.ts';
export { explainPlaces, type Surroundings } from './explain.ts';
export { decide } from './decide.ts';
export { createScheduler } from './scheduler.ts';
