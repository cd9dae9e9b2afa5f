import { formatQuantity, type V1Node, type V1NodeCondition } from '#cluster/api';
import { timestamp } from '#cluster/client';
import type { MachineFacts, NodeAgentOptions } from '../types.ts';

type Described = Pick<NodeAgentOptions, 'nodeName' | 'address' | 'capacity' | 'version' | 'labels'> & {
  readonly runtime: { readonly name: string; readonly version: string };
};

/** The labels that every Node has, and those that were asked for. Pure. */
export function nodeLabels({ nodeName, labels }: Described, { architecture }: MachineFacts): Record<string, string> {
  const arch = { x64: 'amd64', ia32: '386' }[architecture] ?? architecture;
  return {
    'beta.kubernetes.io/arch': arch,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': arch,
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': 'linux',
    ...labels,
  };
}

/** The status of the Node, Ready. Times of conditions that did not change stay. Pure. */
export function nodeStatus(described: Described, facts: MachineFacts, before: V1Node | undefined, now_ms: number): NonNullable<V1Node['status']> {
  const { capacity, address, nodeName, runtime, version } = described;
  const amounts = {
    cpu: formatQuantity(BigInt(capacity.cpu_millicores)),
    memory: `${Math.floor(capacity.memory_bytes / 1024)}Ki`,
    pods: String(capacity.pods),
  };
  return {
    capacity: amounts,
    allocatable: amounts,
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: nodeName },
    ],
    conditions: conditions(before, now_ms),
    nodeInfo: {
      architecture: nodeLabels(described, facts)['kubernetes.io/arch'] ?? facts.architecture,
      bootID: facts.bootId,
      containerRuntimeVersion: `${runtime.name}://${runtime.version}`,
      kernelVersion: facts.kernelVersion,
      kubeProxyVersion: version,
      kubeletVersion: version,
      machineID: facts.machineId,
      operatingSystem: 'linux',
      osImage: facts.osImage,
      systemUUID: facts.machineId,
    },
  };
}

const HEALTHY = [
  ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
] as const;

function conditions(before: V1Node | undefined, now_ms: number): V1NodeCondition[] {
  const now = timestamp(now_ms);
  const old = before?.status?.conditions ?? [];
  const own = HEALTHY.map(([type, status, reason, message]) => {
    const known = old.find((condition) => condition.type === type);
    const lastTransitionTime = known?.status === status && known.lastTransitionTime ? known.lastTransitionTime : now;
    return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime };
  });
  return [...own, ...old.filter(({ type }) => !HEALTHY.some(([name]) => name === type))];
}
