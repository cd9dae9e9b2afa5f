import { canonicalCidr, familyOf } from '../ip.ts';
import type { Model } from '../model.ts';
import type { BridgeSpec, PublishedPort } from '../types.ts';
import { type Chain, chain, type NamedSet, type RuleSet } from './rule-set.ts';
import { type ServiceParts, serviceParts } from './services.ts';

const DESTINATION = 'meta l4proto . th dport';

/** The whole table that the model wants. Pure; `services` are those of the model, which a caller that has them passes on. */
export function rules(model: Model, services: ServiceParts = serviceParts(model.services)): RuleSet {
  const bridges = model.bridges.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const isolated = bridges.filter(({ isolated }) => isolated !== false);
  const apart = bridges.filter((bridge) => bridge.apart);
  const trusted = bridges.flatMap(({ name, trustedLinks = [] }) => trustedLinks.map((link) => `"${link}" . "${name}"`));
  const sets: [string, NamedSet][] = [
    ['bridges', { type: 'ifname', elements: names(bridges) }],
    ['isolated', { type: 'ifname', elements: names(isolated) }],
    ['internal', { type: 'ifname', elements: names(bridges.filter(({ internal }) => internal)) }],
    ['same_bridge', { type: 'ifname . ifname', elements: withItself(bridges.filter((bridge) => !bridge.apart)) }],
    ['apart', { type: 'ifname . ifname', elements: withItself(apart) }],
    ['trusted', { type: 'ifname . ifname', elements: keys(trusted) }],
    ['subnets', { type: 'ipv4_addr', flags: 'interval', elements: keys(bridges.map(({ subnet }) => canonicalCidr(subnet))) }],
    ...(hasIpv6(model) ? [subnets6(bridges)] : []),
    ...publishedSets(model.published, hasIpv6(model) ? [4, 6] : [4]),
    ['backends_themselves', { type: 'ipv4_addr . ipv4_addr', elements: services.themselves }],
    ['services', { type: 'ipv4_addr . inet_proto . inet_service', value: 'verdict', elements: services.services }],
    ['node_ports', { type: 'inet_proto . inet_service', value: 'verdict', elements: services.nodePorts }],
    ['refused', { type: 'ipv4_addr . inet_proto . inet_service', elements: services.refused }],
    ...services.affinitySets,
  ];
  return { sets: new Map(sets), chains: new Map([...baseChains({ ...model, bridges }), ...services.chains]) };
}

/** Rules of IPv6 stand only where a network has it: a kernel without IPv6 would refuse them. */
const hasIpv6 = ({ bridges }: Model) => bridges.some(({ ipv6 }) => ipv6 !== undefined);

function subnets6(bridges: readonly BridgeSpec[]): [string, NamedSet] {
  const subnets = bridges.flatMap(({ ipv6 }) => (ipv6 === undefined ? [] : [canonicalCidr(ipv6.subnet)]));
  return ['subnets6', { type: 'ipv6_addr', flags: 'interval', elements: keys(subnets) }];
}

/** Where packets to published ports are led, in each family. */
function publishedSets(ports: readonly PublishedPort[], families: readonly (4 | 6)[]): [string, NamedSet][] {
  const doors = ports.flatMap((port) => doorsOf(port));
  return families.flatMap((family): [string, NamedSet][] => {
    const [suffix, address] = family === 4 ? ['', 'ipv4_addr'] : ['6', 'ipv6_addr'];
    const own = doors.filter((door) => door.family === family);
    const target = (door: Door) => `${door.target} . ${door.port.targetPort}`;
    const place = ({ port }: Door) => `${port.protocol} . ${port.hostPort}`;
    const map = (type: string, elements: [string, string][]): NamedSet => ({ type, value: `${address} . inet_service`, elements: new Map(elements) });
    return [
      [`themselves${suffix}`, { type: `${address} . ${address}`, elements: keys(own.map((door) => `${door.target} . ${door.target}`)) }],
      [
        `published${suffix}`,
        map(
          `${address} . inet_proto . inet_service`,
          own.flatMap((door) => (door.address === undefined ? [] : [[`${door.address} . ${place(door)}`, target(door)]])),
        ),
      ],
      [
        `published_everywhere${suffix}`,
        map(
          'inet_proto . inet_service',
          own.flatMap((door) => (door.address === undefined ? [[place(door), target(door)]] : [])),
        ),
      ],
    ];
  });
}

/** A published port in one family; without an address it is every one of the machine's. */
interface Door {
  readonly family: 4 | 6;
  readonly address?: string;
  readonly target: string;
  readonly port: PublishedPort;
}

/** What the kernel can lead by itself: from one family to the other it can't, and from ::1 nowhere. */
function doorsOf(port: PublishedPort): Door[] {
  const { hostAddress, targetAddress, targetAddress6 } = port;
  if (hostAddress === '0.0.0.0')
    return [{ family: 4, target: targetAddress, port }, ...(targetAddress6 === undefined ? [] : [{ family: 6 as const, target: targetAddress6, port }])];
  const family = familyOf(hostAddress) ?? 4;
  const target = family === 6 ? (targetAddress6 ?? targetAddress) : targetAddress;
  if (familyOf(target) !== family || hostAddress === '::1') return [];
  return [{ family, target, port, ...(hostAddress === '::' ? {} : { address: hostAddress }) }];
}

function baseChains(model: Model): [string, Chain][] {
  return [
    ['destinations', chain(destinationRules(model))],
    // A container must not reach what listens on the host's loopback, which route_localnet would let it.
    [
      'early',
      chain(
        ['ip daddr 127.0.0.0/8 iifname @bridges drop', ...(hasIpv6(model) ? ['ip6 daddr ::1 iifname @bridges drop'] : [])],
        'type filter hook prerouting priority -300; policy accept;',
      ),
    ],
    ['arriving', chain(['jump destinations'], 'type nat hook prerouting priority -100; policy accept;')],
    ['from_host', chain(['jump destinations'], 'type nat hook output priority -100; policy accept;')],
    ['leaving', chain(masqueradeRules(model), 'type nat hook postrouting priority 100; policy accept;')],
    ['passing', chain(passingRules(model), 'type filter hook forward priority 0; policy accept;')],
    ['host_refusals', chain(['ct state established,related accept', ...refusals(model)], 'type filter hook output priority 0; policy accept;')],
  ];
}

function destinationRules(model: Model): string[] {
  return [
    `ip daddr . ${DESTINATION} vmap @services`,
    `meta l4proto { tcp, udp } dnat ip to ip daddr . ${DESTINATION} map @published`,
    `fib daddr type local ${DESTINATION} vmap @node_ports`,
    `fib daddr type local meta l4proto { tcp, udp } dnat ip to ${DESTINATION} map @published_everywhere`,
    ...(hasIpv6(model)
      ? [
          `meta l4proto { tcp, udp } dnat ip6 to ip6 daddr . ${DESTINATION} map @published6`,
          // What is for ::1 can't be led away: a socket passes it on.
          `ip6 daddr != ::1 fib daddr type local meta l4proto { tcp, udp } dnat ip6 to ${DESTINATION} map @published_everywhere6`,
        ]
      : []),
  ];
}

function masqueradeRules(model: Model): string[] {
  return [
    // An endpoint that reaches itself through its Service or its published port.
    'ip saddr . ip daddr @themselves masquerade',
    ...(hasIpv6(model) ? ['ip6 saddr . ip6 daddr @themselves6 masquerade'] : []),
    'ip saddr . ip daddr @backends_themselves masquerade',
    'ct status dnat ip saddr 127.0.0.0/8 masquerade',
    // From elsewhere through this host to a backend elsewhere: the answer must come back here.
    'ct status dnat ip saddr != @subnets oifname != @bridges masquerade',
    ...(hasIpv6(model) ? ['ct status dnat ip6 saddr != @subnets6 oifname != @bridges masquerade'] : []),
    ...(model.masqueradeSameBridge ? ['ct status dnat iifname . oifname @same_bridge masquerade', 'ct status dnat iifname . oifname @apart masquerade'] : []),
    ...model.bridges.filter(({ masquerade, internal }) => masquerade && !internal).flatMap(masqueradeBridge),
  ];
}

function masqueradeBridge({ name, subnet, ipv6, masqueradeExcept = [] }: BridgeSpec): readonly string[] {
  const except = masqueradeExcept.length === 0 ? '' : ` ip daddr != { ${masqueradeExcept.map(canonicalCidr).join(', ')} }`;
  return [
    `ip saddr ${canonicalCidr(subnet)} oifname != "${name}"${except} masquerade`,
    ...(ipv6 === undefined ? [] : [`ip6 saddr ${canonicalCidr(ipv6.subnet)} oifname != "${name}" masquerade`]),
  ];
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
    'iifname . oifname @trusted accept',
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
const withItself = (bridges: readonly BridgeSpec[]) => keys(bridges.map(({ name }) => `"${name}" . "${name}"`));
