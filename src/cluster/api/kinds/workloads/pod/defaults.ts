import { defaultPodSpec } from '../../../defaults/pod-spec.ts';
import type { V1Container, V1Pod, V1PodSpec, V1ResourceRequirements } from '../../../generated/types.ts';
import { podTotal } from '../../../pod-resources.ts';
import { formatQuantity } from '../../../quantity.ts';

/** What a Pod has by default beyond what every template has. */
export function defaultPod(pod: V1Pod): void {
  const spec = (pod.spec ??= { containers: [] });
  defaultPodSpec(spec);
  spec.enableServiceLinks ??= true;
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const { resources } of containers) if (resources?.limits !== undefined) resources.requests = { ...resources.limits, ...resources.requests };
  if (spec.resources !== undefined) defaultPodResources(spec, spec.resources);
  if (spec.hostNetwork) for (const container of containers) takeHostPorts(container);
}

function takeHostPorts({ ports = [] }: V1Container): void {
  for (const port of ports) port.hostPort ||= port.containerPort;
}

/** What is not said of the whole is what its containers say, or the limit. */
function defaultPodResources(spec: V1PodSpec, resources: V1ResourceRequirements): void {
  const total = (list: 'limits' | 'requests') =>
    Object.entries(podTotal({ apiVersion: 'v1', kind: 'Pod', metadata: {}, spec }, ({ resources: own }) => own?.[list])).map(
      ([name, amount]) => [name, formatQuantity(amount, { binary: name !== 'cpu' })] as const,
    );
  if (resources.limits === undefined && resources.requests === undefined) return;
  const pages = total('limits').filter(([name]) => name.startsWith('hugepages-') && resources.requests?.[name] === undefined);
  const limits = { ...Object.fromEntries(pages), ...resources.limits };
  if (Object.keys(limits).length === 0) return;
  resources.limits = limits;
  const ofContainers = total('requests').filter(([name]) => name === 'cpu' || name === 'memory');
  resources.requests = { ...limits, ...Object.fromEntries(ofContainers), ...resources.requests };
}
