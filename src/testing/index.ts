export { startCluster } from './start-cluster.ts';
export type { ContainerScript, ImageScript, PodScript, Run } from './script.ts';
export type { ClusterOptions, NodeOptions, SimulatedNode, Snapshot, TestCluster } from './types.ts';
