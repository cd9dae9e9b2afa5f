import { GantryError } from '#kit';

export function cidrMalformed(text: string): GantryError {
  return new GantryError(
    'CIDR_MALFORMED',
    400,
    `Cannot use ${JSON.stringify(text)} as a subnet: write a network and its length, such as 10.88.0.0/16 or fd00:1::/64`,
  );
}

export function addressInvalid(text: string): GantryError {
  return new GantryError('ADDRESS_INVALID', 400, `Cannot use ${JSON.stringify(text)} as an IP address: write one such as 10.88.0.2 or fd00:1::2`);
}

export function addressInUse(address: string): GantryError {
  return new GantryError('ADDRESS_IN_USE', 409, `Cannot take address ${address}: it is in use; leave it out to get a free one`);
}

export function addressOutsideSubnet(address: string, subnet: string): GantryError {
  return new GantryError('ADDRESS_OUTSIDE_SUBNET', 400, `Cannot take address ${address}: it is not a host's address in subnet ${subnet}`);
}

export function subnetFull(subnet: string): GantryError {
  return new GantryError('SUBNET_FULL', 503, `Cannot take an address: all of subnet ${subnet} are in use; remove containers or use a larger subnet`);
}

export function portInUse(protocol: string, address: string, port: number, holder?: string): GantryError {
  const by = holder === undefined ? 'another program listens there (see: ss -lnp)' : `it is published for ${holder}`;
  return new GantryError('PORT_IN_USE', 409, `Cannot publish port ${address}:${port}/${protocol}: ${by}; choose another port`);
}

export function portInvalid(port: number): GantryError {
  return new GantryError(
    'PORT_INVALID',
    400,
    `Cannot publish port ${port}: a port is a whole number from 1 to 65535 (0 as the host's port lets Gantry choose)`,
  );
}

export function hostAddressUnknown(address: string, cause: unknown): GantryError {
  return new GantryError(
    'HOST_ADDRESS_UNKNOWN',
    400,
    `Cannot publish on ${address}: this machine has no such address; use one that "ip addr" lists, or 0.0.0.0`,
    { cause },
  );
}

export function protocolUnsupported(protocol: string): GantryError {
  return new GantryError('PROTOCOL_UNSUPPORTED', 400, `Cannot publish a port of protocol ${protocol}: use tcp or udp`);
}

export function linkNameInvalid(name: string): GantryError {
  return new GantryError('LINK_NAME_INVALID', 400, `Cannot name a link ${JSON.stringify(name)}: use 1 to 15 letters, digits, "_", "." or "-"`);
}

export function namespaceIdInvalid(id: string): GantryError {
  return new GantryError('NAMESPACE_ID_INVALID', 400, `Cannot name a network namespace ${JSON.stringify(id)}: use letters, digits, "_", "." and "-"`);
}

export function bridgeForeign(name: string): GantryError {
  return new GantryError(
    'BRIDGE_FOREIGN',
    409,
    `Cannot use ${name} as a bridge: a link of that name exists and is not this daemon's; choose another name or delete it`,
  );
}

export function subnetOverlaps(subnet: string, other: string, bridge: string): GantryError {
  return new GantryError('SUBNET_OVERLAPS', 409, `Cannot use subnet ${subnet}: it overlaps ${other} of bridge ${bridge}; choose another`);
}

export function stateTooNew(path: string, version: unknown): GantryError {
  return new GantryError(
    'STATE_TOO_NEW',
    500,
    `Cannot read ${path}: its version is ${JSON.stringify(version)} and this program knows 1; use the newer Gantry that wrote it`,
  );
}

export function resolverSilent(question: string): GantryError {
  return new GantryError('RESOLVER_SILENT', 504, `Cannot resolve ${question}: no name server of resolv.conf answered`);
}

export function ipv6Absent(why: string): GantryError {
  return new GantryError('IPV6_ABSENT', 400, `Cannot use IPv6: ${why}; leave --ipv6 and IPv6 subnets out`);
}

export function linkUnknown(name: string): GantryError {
  return new GantryError(
    'LINK_UNKNOWN',
    400,
    `Cannot use ${name} as a parent: this machine has no such link; use one that "ip link" lists, or one such as eth0.50`,
  );
}

export function linkKindAbsent(name: string, kind: string, cause: unknown): GantryError {
  const words = `Cannot make ${name}: this machine's kernel has no links of the kind ${kind}; load the module that brings them, or use another driver`;
  return new GantryError('LINK_KIND_ABSENT', 501, words, { cause });
}

export function parentNameInvalid(name: string): GantryError {
  return new GantryError('PARENT_INVALID', 400, `invalid subinterface vlan name ${name}, example formatting is eth0.10`);
}
