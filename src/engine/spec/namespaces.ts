import { hostname } from 'node:os';
import { invalid } from '../errors.ts';
import type { ContainerSpec, NamespaceChoices } from '../types.ts';

/** Paths of the namespaces of other containers that this one joins. */
export interface JoinedNamespaces {
  readonly pid?: string;
  readonly ipc?: string;
}

/** An entry of `linux.namespaces` (OCI runtime specification). */
export interface OciNamespace {
  readonly type: string;
  readonly path?: string;
}

/** The namespaces of a container: new ones, but for those that it joins, and those of the machine that it stays in. Pure. */
export function namespacesOf(
  spec: ContainerSpec,
  paths: JoinedNamespaces & { readonly network?: string | undefined },
  machine: { readonly cgroupNamespaces: boolean },
): readonly OciNamespace[] {
  const { pid, ipc, uts } = spec.namespaces ?? {};
  const joined = (type: string, path: string | undefined): OciNamespace => (path === undefined ? { type } : { type, path });
  return [
    ...(pid === 'host' ? [] : [joined('pid', paths.pid)]),
    ...(ipc === 'host' ? [] : [joined('ipc', paths.ipc)]),
    ...(uts === 'host' ? [] : [{ type: 'uts' }]),
    { type: 'mount' },
    ...(paths.network === undefined ? [] : [{ type: 'network', path: paths.network }]),
    ...(machine.cgroupNamespaces && cgroupNamespaceOf(spec) === 'private' ? [{ type: 'cgroup' }] : []),
  ];
}

/** As asked for; else a privileged container sees the machine's control groups. */
export function cgroupNamespaceOf(spec: ContainerSpec): 'private' | 'host' {
  return spec.namespaces?.cgroup ?? (spec.security?.privileged ? 'host' : 'private');
}

/** An init is the first process of a namespace of its own, so as Docker does none is put into a shared one. */
export function usesInit(spec: ContainerSpec): boolean {
  return spec.init === true && spec.namespaces?.pid === undefined;
}

/** The other container that a choice names. */
export function donorOf(choice: NamespaceChoices['ipc']): string | undefined {
  return choice?.startsWith('container:') ? choice.slice('container:'.length) : undefined;
}

/** The name of the machine for a container that shares it; undefined: it has one of its own. Errors: `ENGINE_INVALID` when both are asked for. */
export function sharedHostname(spec: ContainerSpec): string | undefined {
  if (spec.namespaces?.uts !== 'host') return undefined;
  if (spec.hostname !== undefined || spec.domainName !== undefined) throw invalid('options', 'conflicting options: hostname and the UTS mode');
  return hostname();
}
