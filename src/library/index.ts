export { connect, type Connection, type ConnectOptions } from './connect.ts';
export { createController, createEventRecorder, createInformer, createLeaderElection, type Surroundings } from './follow.ts';
export {
  type Applied,
  type ClusterClient,
  type Controller,
  type ControllerHealth,
  type DeleteOptions,
  type EventRecorder,
  type EventSubject,
  type GetOptions,
  type IndexFunction,
  type Informer,
  isStatus,
  type KindRef,
  kindRef,
  kinds,
  LeaderElection,
  type ListOptions,
  type PatchType,
  podExec,
  podLogs,
  type ReconcileResult,
  type RefOf,
  type ResourceClient,
  type ServerAccess,
  WorkQueue,
  type WriteOptions,
} from '#cluster/client';
export { StatusError } from '#cluster/api';
export type * from '#cluster/api';
export { type Clock, FakeClock, type Logger, silentLogger, systemClock } from '#kit';
