import type { RegistriesConfig, RegistryEntry } from './registries.ts';

/** What Docker's own configuration says of registries, beside registries.conf. */
export interface RegistrySettings {
  /** Hosts (`host`, `host:port`) and networks (`192.0.2.0/24`, by the address that a name is written with) that may go without TLS or with a certificate of anybody's. */
  readonly insecure: readonly string[];
  /** Addresses (`https://mirror.example`) that are asked before Docker Hub, in that order. */
  readonly mirrors: readonly string[];
}
const HUB = 'docker.io';

/** Both as one configuration; where both speak of Docker Hub, these mirrors come first. Pure. */
export function withSettings(config: RegistriesConfig, { insecure, mirrors }: RegistrySettings): RegistriesConfig {
  const entries = mirrors.length === 0 ? config.entries : withMirrors(config.entries, mirrors.map(mirrorOf));
  return { entries, ...(insecure.length === 0 ? {} : { insecure }) };
}

function withMirrors(entries: readonly RegistryEntry[], mirrors: RegistryEntry['mirrors']): readonly RegistryEntry[] {
  const hub = entries.find(({ prefix }) => prefix === HUB) ?? { prefix: HUB, location: HUB, insecure: false, blocked: false, mirrors: [] };
  return [...entries.filter(({ prefix }) => prefix !== HUB), { ...hub, mirrors: [...mirrors, ...hub.mirrors] }];
}

function mirrorOf(address: string): RegistryEntry['mirrors'][number] {
  const url = new URL(address);
  return { location: `${url.host}${url.pathname.replace(/\/+$/, '')}`, insecure: url.protocol === 'http:' };
}
