import { canonicalCidr } from '../cidr.ts';
import type { Model } from '../model.ts';
import type { BridgeSpec, PublishedPort } from '../types.ts';
import { type Chain, chain, type NamedSet, type RuleSet } from './rule-set.ts';
import { type ServiceParts, serviceParts } from './services.ts';

const DESTINATION = 'meta l4proto . th dport';

/** The whole table that the model wants. Pure; `services` are those of the model, which a caller that has them passes on. */
export function rules(model: Model, services: ServiceParts = serviceParts(model.services)): RuleSet {
  const bridges = model.bridges.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const isolated = bridges.filter(({ isolated }) => isolated !== false);
  const published = model.published.filter(({ hostAddress }) => !hostAddress.includes(':'));
  const everywhere = published.filter(({ hostAddress }) => hostAddress === '0.0.0.0');
  const somewhere = published.filter(({ hostAddress }) => hostAddress !== '0.0.0.0');
  const target = ({ targetAddress, targetPort }: PublishedPort) => `${targetAddress} . ${targetPort}`;
  const sets: [string, NamedSet][] = [
    ['bridges', { type: 'ifname', elements: names(bridges) }],
    ['isolated', { type: 'ifname', elements: names(isolated) }],
    ['internal', { type: 'ifname', elements: names(bridges.filter(({ internal }) => internal)) }],
    ['same_bridge', { type: 'ifname . ifname', elements: keys(bridges.map(({ name }) => `"${name}" . "${name}"`)) }],
    ['subnets', { type: 'ipv4_addr', flags: 'interval', elements: keys(bridges.map(({ subnet }) => canonicalCidr(subnet))) }],
    ['themselves', { type: 'ipv4_addr . ipv4_addr', elements: keys(published.map(({ targetAddress }) => `${targetAddress} . ${targetAddress}`)) }],
    ['backends_themselves', { type: 'ipv4_addr . ipv4_addr', elements: services.themselves }],
    [
      'published',
      dnatMap(
        'ipv4_addr . inet_proto . inet_service',
        somewhere.map((port) => [`${port.hostAddress} . ${port.protocol} . ${port.hostPort}`, target(port)]),
      ),
    ],
    [
      'published_everywhere',
      dnatMap(
        'inet_proto . inet_service',
        everywhere.map((port) => [`${port.protocol} . ${port.hostPort}`, target(port)]),
      ),
    ],
    ['services', { type: 'ipv4_addr . inet_proto . inet_service', value: 'verdict', elements: services.services }],
    ['node_ports', { type: 'inet_proto . inet_service', value: 'verdict', elements: services.nodePorts }],
    ['refused', { type: 'ipv4_addr . inet_proto . inet_service', elements: services.refused }],
    ...services.affinitySets,
  ];
  return { sets: new Map(sets), chains: new Map([...baseChains({ ...model, bridges }), ...services.chains]) };
}

function baseChains(model: Model): [string, Chain][] {
  return [
    ['destinations', chain(destinationRules())],
    // A container must not reach what listens on the host's loopback, which route_localnet would let it.
    ['early', chain(['iifname @bridges ip daddr 127.0.0.0/8 drop'], 'type filter hook prerouting priority -300; policy accept;')],
    ['arriving', chain(['jump destinations'], 'type nat hook prerouting priority -100; policy accept;')],
    ['from_host', chain(['jump destinations'], 'type nat hook output priority -100; policy accept;')],
    ['leaving', chain(masqueradeRules(model), 'type nat hook postrouting priority 100; policy accept;')],
    ['passing', chain(passingRules(model), 'type filter hook forward priority 0; policy accept;')],
    ['host_refusals', chain(refusals(model), 'type filter hook output priority 0; policy accept;')],
  ];
}

function destinationRules(): string[] {
  return [
    `ip daddr . ${DESTINATION} vmap @services`,
    `meta l4proto { tcp, udp } dnat ip to ip daddr . ${DESTINATION} map @published`,
    `fib daddr type local ${DESTINATION} vmap @node_ports`,
    `fib daddr type local meta l4proto { tcp, udp } dnat ip to ${DESTINATION} map @published_everywhere`,
  ];
}

function masqueradeRules(model: Model): string[] {
  return [
    // An endpoint that reaches itself through its Service or its published port.
    'ip saddr . ip daddr @themselves masquerade',
    'ip saddr . ip daddr @backends_themselves masquerade',
    'ct status dnat ip saddr 127.0.0.0/8 masquerade',
    // From elsewhere through this host to a backend elsewhere: the answer must come back here.
    'ct status dnat ip saddr != @subnets oifname != @bridges masquerade',
    ...(model.masqueradeSameBridge ? ['ct status dnat iifname . oifname @same_bridge masquerade'] : []),
    ...model.bridges.filter(({ masquerade, internal }) => masquerade && !internal).map(masqueradeBridge),
  ];
}

function masqueradeBridge({ name, subnet, masqueradeExcept = [] }: BridgeSpec): string {
  const except = masqueradeExcept.length === 0 ? '' : ` ip daddr != { ${masqueradeExcept.map(canonicalCidr).join(', ')} }`;
  return `ip saddr ${canonicalCidr(subnet)} oifname != "${name}"${except} masquerade`;
}

function passingRules(model: Model): string[] {
  return [
    'ct state established,related accept',
    'iifname . oifname @same_bridge accept',
    ...refusals(model),
    'iifname @internal drop',
    'oifname @internal drop',
    // Published ports and Services: whoever made them wants to be reached.
    'ct status dnat accept',
    'oifname @isolated drop',
  ];
}

/** Addresses of Services that lead nowhere are refused at once. */
function refusals({ serviceCidr }: Model): string[] {
  const lists = [
    `ip daddr . ${DESTINATION} @refused`,
    ...(serviceCidr === undefined ? [] : [`ip daddr ${canonicalCidr(serviceCidr)} fib daddr type != local`]),
  ];
  return lists.flatMap((match) => [`${match} meta l4proto tcp reject with tcp reset`, `${match} reject with icmp type port-unreachable`]);
}

const names = (bridges: readonly BridgeSpec[]) => keys(bridges.map(({ name }) => `"${name}"`));
const keys = (all: readonly string[]) => new Map(all.map((key) => [key, '']));
const dnatMap = (type: string, elements: [string, string][]): NamedSet => ({ type, value: 'ipv4_addr . inet_service', elements: new Map(elements) });
