import { contains, type RuleSet } from '#network';
import type { OwnContainer, OwnPorts, ShownContainer, Way, WhyProtocol } from './types.ts';

/** A running container's network namespace. */
export interface Inside {
  readonly container: OwnContainer;
  readonly addresses: ReadonlySet<string>;
}
type BareWay = Omit<Way, 'targets'> & { readonly targets: readonly { readonly address: string; readonly port: number }[] };

/** By what rules packets to the port are led elsewhere, and whether the kernel has them. Pure. */
export function waysTo(port: number, protocol: WhyProtocol, own: OwnPorts, rules: RuleSet): readonly BareWay[] {
  const find = (set: string, key: string, value?: string) => ruleText(own.table, rules, set, key, value);
  const published = own.published
    .filter((one) => one.hostPort === port && one.protocol === protocol)
    .map(({ hostAddress, targetAddress, targetPort }): BareWay => {
      const value = `${targetAddress} . ${targetPort}`;
      const rule =
        hostAddress === '0.0.0.0'
          ? find('published_everywhere', `${protocol} . ${port}`, value)
          : hostAddress.includes(':')
            ? ipv6Rule(find, { hostAddress, targetAddress, targetPort, protocol, port })
            : find('published', `${hostAddress} . ${protocol} . ${port}`, value);
      return { kind: 'published', address: hostAddress, port, rule, targets: [{ address: targetAddress, port: targetPort }] };
    });
  const services = own.services
    .filter((one) => one.protocol === protocol)
    .flatMap((one): readonly BareWay[] => {
      const refused = one.backends.length === 0;
      const key = `${one.address} . ${protocol} . ${one.port}`;
      const clusterIp: BareWay = { kind: 'cluster ip', address: one.address, port, rule: find(refused ? 'refused' : 'services', key), targets: one.backends };
      const nodePort: BareWay = { kind: 'node port', address: '0.0.0.0', port, rule: find('node_ports', `${protocol} . ${port}`), targets: one.backends };
      return [...(one.port === port ? [clusterIp] : []), ...(one.nodePort === port ? [nodePort] : [])];
    });
  return [...published, ...services];
}

/** Of IPv6 the kernel leads what is for an IPv6 address, and ::1 nowhere. */
function ipv6Rule(
  find: (set: string, key: string, value?: string) => string | undefined,
  {
    hostAddress,
    targetAddress,
    targetPort,
    protocol,
    port,
  }: Readonly<Record<'hostAddress' | 'targetAddress' | 'protocol', string>> & Readonly<Record<'targetPort' | 'port', number>>,
): string | undefined {
  if (!targetAddress.includes(':') || hostAddress === '::1') return 'none: a socket of Gantry passes IPv6 connections on';
  const value = `${targetAddress} . ${targetPort}`;
  return hostAddress === '::'
    ? find('published_everywhere6', `${protocol} . ${port}`, value)
    : find('published6', `${hostAddress} . ${protocol} . ${port}`, value);
}

/** What stands in the kernel; undefined where it is absent or leads elsewhere than it should. */
function ruleText(table: string, { sets }: RuleSet, set: string, key: string, value?: string): string | undefined {
  const found = sets.get(set)?.elements?.get(key);
  if (found === undefined || (value !== undefined && found !== value)) return undefined;
  return `table inet ${table}, ${set}: ${key}${found === '' ? '' : ` → ${found}`}`;
}

/** The container that has the address, as far as is known without looking inside. Pure. */
export function holderOf(address: string, own: OwnPorts, insides: readonly Inside[]): OwnContainer | undefined {
  return own.containers.find(({ addresses }) => addresses.includes(address)) ?? insides.find(({ addresses }) => addresses.has(address))?.container;
}

/** The bridge on whose subnet the address is. Pure. */
export function bridgeOf(address: string, { bridges }: OwnPorts): OwnPorts['bridges'][number] | undefined {
  return bridges.find(({ subnet }) => contains(subnet, address));
}

/** What a finding names of a container; of a Pod the Pod itself, whose containers share their network. Pure. */
export function shownAs({ name, title, status, exitCode, pod }: OwnContainer): ShownContainer {
  return {
    name,
    title: pod === undefined ? title : `pod ${pod.namespace}/${pod.name}`,
    status,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(pod === undefined ? {} : { pod }),
  };
}

/** Containers that would publish the port if they ran. Pure. */
export function dormantOf(port: number, protocol: WhyProtocol, { containers }: OwnPorts): readonly ShownContainer[] {
  return containers.filter(({ pid, asked }) => pid === undefined && asked.some((one) => one.hostPort === port && one.protocol === protocol)).map(shownAs);
}
