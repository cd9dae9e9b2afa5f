import { CommandError } from '../errors.ts';
import type { PortBinding } from './ports.ts';

/** By `80/tcp`, as the API has them; null where a port is exposed only. */
export type Bindings = Readonly<Record<string, readonly PortBinding[] | null>>;

/** What is asked for, and where the machine chose, what it chose. */
export interface PortState {
  /** HostConfig.PortBindings. */
  readonly asked: Bindings;
  /** NetworkSettings.Ports: of a running container only. */
  readonly real: Bindings;
}

/** The whole set with further ports. Errors: `COMMAND_FAILED` where one is published so already. Pure. */
export function withPorts(state: PortState, more: Bindings): Bindings {
  const result: Record<string, readonly PortBinding[]> = listed(state.asked);
  for (const [port, bindings] of Object.entries(more))
    for (const binding of bindings ?? []) {
      const there = result[port] ?? [];
      if (binding.HostPort !== '' && there.some((other) => samePlace(other, binding)))
        throw new CommandError(`Cannot add port ${shown(port, binding)}: it is published already`);
      result[port] = [...there, binding];
    }
  return result;
}

/** The whole set without some; a port of the container alone stands for all of its places. Errors: `COMMAND_FAILED` where there is no such. Pure. */
export function withoutPorts(state: PortState, gone: Bindings): Bindings {
  const result: Record<string, readonly PortBinding[]> = listed(state.asked);
  for (const [port, bindings] of Object.entries(gone))
    for (const binding of bindings ?? []) {
      const rest = without(result[port] ?? [], state.real[port] ?? [], binding);
      if (rest === undefined) throw new CommandError(`Cannot remove port ${shown(port, binding)}: ${whyNot(state, port)}`);
      result[port] = rest;
    }
  return Object.fromEntries(Object.entries(result).filter(([, bindings]) => bindings.length > 0));
}

/** Undefined when it is not among them. Of places that the machine chose the others are kept as they are. */
function without(asked: readonly PortBinding[], real: readonly PortBinding[], gone: PortBinding): readonly PortBinding[] | undefined {
  if (gone.HostPort === '') return asked.length === 0 ? undefined : [];
  const rest = asked.filter((binding) => !samePlace(binding, gone));
  if (rest.length < asked.length) return rest;
  const named = asked.filter(({ HostPort }) => HostPort !== '');
  const chosen = real.filter((binding) => !named.some((other) => samePlace(other, binding)));
  // With all of IPv4 comes all of IPv6.
  const comesAlong = (binding: PortBinding) => address(gone) === '0.0.0.0' && binding.HostIp === '::' && binding.HostPort === gone.HostPort;
  const left = chosen.filter((binding) => !samePlace(binding, gone) && !comesAlong(binding));
  const kept = left.filter(({ HostIp, HostPort }) => HostIp !== '::' || !left.some((other) => other.HostPort === HostPort && address(other) === '0.0.0.0'));
  return asked.length === named.length || left.length === chosen.length ? undefined : [...named, ...kept];
}

function whyNot({ asked, real }: PortState, port: string): string {
  if ((asked[port] ?? []).length === 0 && (real[port] ?? []).length > 0)
    return 'all exposed ports are published (-P), which stays until the container is made anew';
  const places = (real[port] ?? asked[port] ?? []).map((binding) => shown(port, binding));
  return places.length === 0 ? `${port} is not published` : `it is published as ${places.join(', ')}`;
}

function listed(bindings: Bindings): Record<string, readonly PortBinding[]> {
  return Object.fromEntries(Object.entries(bindings).map(([port, list]) => [port, list ?? []]));
}

function samePlace(a: PortBinding, b: PortBinding): boolean {
  return a.HostPort === b.HostPort && address(a) === address(b);
}

function address({ HostIp }: PortBinding): string {
  return HostIp === '' ? '0.0.0.0' : HostIp;
}

function shown(port: string, binding: PortBinding): string {
  return `${binding.HostPort === '' ? '' : `${address(binding)}:${binding.HostPort}:`}${port}`;
}
