import type { V1Pod, V1Service, V1ServicePort } from '#cluster/api';

export interface EndpointPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string;
}

/** Pure: the ports of a Service as one of its Pods has them; a named target that the Pod doesn't have is left out. */
export function portsOf(service: V1Service, pod: V1Pod): readonly EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = port;
    return [{ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function targetPort({ targetPort: target, port, protocol = 'TCP' }: V1ServicePort, pod: V1Pod): number | undefined {
  if (target === undefined || target === '' || target === 0) return port;
  if (typeof target === 'number') return target;
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = container.ports?.find((one) => one.name === target && (one.protocol ?? 'TCP') === protocol);
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}
