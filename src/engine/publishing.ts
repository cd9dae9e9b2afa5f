import { familyOf, type PublishedPort } from '#network';
import type { ContainerRecord } from './container.ts';
import { invalid } from './errors.ts';
import type { Container } from './types.ts';

/** Published ports, from what a record asks for and back. Pure. */

export type Ports = Container['ports'];

/** Where published ports lead to. */
export interface PublishTarget {
  readonly address: string;
  readonly ipv6?: { readonly address: string };
  /** Where ports are published that name no address: all of the machine's when left out. */
  readonly hostBinding?: string;
}

/** What is asked for; a port of 0 is to be chosen. */
export function portsWanted(record: Pick<ContainerRecord, 'id' | 'spec' | 'exposed'>, target: PublishTarget): PublishedPort[] {
  const { publish = [], publishAll = false, publishAddress = '0.0.0.0' } = record.spec;
  const everywhere = target.hostBinding ?? publishAddress;
  const asked = publish.map(({ containerPort, protocol, hostAddress, hostPort }) => ({
    containerPort,
    protocol,
    hostAddress: hostAddress || everywhere,
    hostPort: hostPort ?? 0,
  }));
  const all = publishAll
    ? record.exposed.map(parsePort).filter((port) => !asked.some((one) => one.containerPort === port.containerPort && one.protocol === port.protocol))
    : [];
  return [...asked, ...all.map((port) => ({ ...port, hostAddress: everywhere, hostPort: 0 }))].map((port) => ledTo(record.id, port, target));
}

/** What the record of a running container says is published. */
export function portsRecorded({ id, ports }: Pick<ContainerRecord, 'id' | 'ports'>, target: PublishTarget): PublishedPort[] {
  return ports.flatMap(({ containerPort, protocol, hostAddress, hostPort }) =>
    hostPort === undefined || hostAddress === undefined ? [] : [ledTo(id, { containerPort, protocol, hostAddress, hostPort }, target)],
  );
}

type Place = Omit<Required<Ports[number]>, 'ipv6'>;

function ledTo(owner: string, { containerPort, protocol, hostAddress, hostPort }: Place, { address, ipv6 }: PublishTarget): PublishedPort {
  const plain = { owner, protocol, hostAddress, hostPort, targetPort: containerPort };
  if (ipv6 === undefined) return { ...plain, targetAddress: address };
  if (hostAddress === '0.0.0.0') return { ...plain, targetAddress: address, targetAddress6: ipv6.address };
  return { ...plain, targetAddress: familyOf(hostAddress) === 6 ? ipv6.address : address };
}

/** What is shown of them: the published ones, and those that are only exposed. */
export function portsOf(record: Pick<ContainerRecord, 'exposed'>, real: readonly PublishedPort[]): Ports {
  const published = real.map(({ targetPort, protocol, hostAddress, hostPort, targetAddress6 }) => ({
    containerPort: targetPort,
    protocol,
    hostAddress,
    hostPort,
    ...(targetAddress6 === undefined ? {} : { ipv6: true }),
  }));
  const exposed = record.exposed
    .map(parsePort)
    .filter(({ containerPort, protocol }) => !published.some((port) => port.containerPort === containerPort && port.protocol === protocol));
  return [...published, ...exposed];
}

/** Where the machine is to choose a port and has chosen one before, it is that one. */
export function withChosenPorts(wanted: readonly PublishedPort[], before: Ports): readonly PublishedPort[] {
  const named = (port: Ports[number]) => wanted.some(({ protocol, hostPort }) => protocol === port.protocol && hostPort === port.hostPort);
  const free = before.filter((port) => port.hostPort !== undefined && !named(port));
  return wanted.map((port) => {
    if (port.hostPort !== 0) return port;
    const index = free.findIndex((old) => old.containerPort === port.targetPort && old.protocol === port.protocol && old.hostAddress === port.hostAddress);
    const [chosen] = index < 0 ? [] : free.splice(index, 1);
    return chosen?.hostPort === undefined ? port : { ...port, hostPort: chosen.hostPort };
  });
}

/** `80/tcp` as numbers. Errors: `ENGINE_INVALID`. */
export function parsePort(text: string): { readonly containerPort: number; readonly protocol: 'tcp' | 'udp' | 'sctp' } {
  const [number = '', protocol = 'tcp'] = text.split('/');
  if (!/^\d{1,5}$/.test(number) || Number(number) < 1 || Number(number) > 65_535 || (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp'))
    throw invalid('port', `"${text}"; a right one looks like 80/tcp`);
  return { containerPort: Number(number), protocol };
}
