import type { V1Container, V1Pod, V1Service } from '#cluster/api';
import type { Sources } from '../process/environment.ts';
import type { PodFacts } from '../process/fields.ts';
import type { AgentContext } from '../types.ts';

/** One Pod, for the tasks that are done about it. */
export interface PodContext {
  readonly agent: AgentContext;
  readonly uid: string;
  /** As last heard of. */
  readonly pod: V1Pod;
  readonly sources: Sources;
  services(): readonly V1Service[];
}
/** What was set up for a Pod before its containers. */
export interface Sandbox {
  readonly address: string;
  readonly namespacePath?: string;
  readonly volumes: ReadonlyMap<string, string>;
  readonly files: { readonly hosts: string; readonly resolvConf: string };
}

export function factsOf({ agent, pod }: PodContext, podAddress: string): PodFacts {
  return { pod, podAddress, nodeName: agent.nodeName, nodeAddress: agent.address, capacity: agent.capacity };
}

/** Says what happened to the Pod, or to one container of it. */
export function tell({ agent, pod }: PodContext, type: 'Normal' | 'Warning', reason: string, message: string, container?: V1Container): void {
  const isInit = pod.spec?.initContainers?.some(({ name }) => name === container?.name) === true;
  const fieldPath = container === undefined ? {} : { fieldPath: `spec.${isInit ? 'initContainers' : 'containers'}{${container.name}}` };
  agent.events.event({ apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata, ...fieldPath }, type, reason, message);
}
