import { parseQuantity, type V1Container, type V1ResourceRequirements, type V1Service } from '#cluster/api';
import type { RuntimeContainerSpec } from '../types.ts';
import { environmentOf, type Sources } from './environment.ts';
import { expand } from './expand.ts';
import type { PodFacts } from './fields.ts';
import { securityOf } from './security.ts';

/** What is there for a container before it can be described. */
export interface Prepared {
  readonly facts: PodFacts;
  readonly services: readonly V1Service[];
  readonly sources: Sources;
  readonly imageUser: string;
  readonly attempt: number;
  readonly hostname: string;
  readonly networkNamespace?: string;
  readonly files: { readonly hosts: string; readonly resolvConf: string };
  /** Where each volume lies on the host, by its name, resolved for a mount of this container. */
  mountsOf(variables: ReadonlyMap<string, string>): Promise<RuntimeContainerSpec['mounts']>;
}

/** What the runtime is to make. Errors: `CreateContainerConfigError`. */
export async function containerSpec(container: V1Container, prepared: Prepared): Promise<RuntimeContainerSpec> {
  const { facts, files } = prepared;
  const { metadata } = facts.pod;
  const spec = facts.pod.spec ?? { containers: [] };
  const variables = await environmentOf(facts, container, prepared.services, prepared.sources);
  const words = (list: readonly string[]) => list.map((word) => expand(word, variables));
  return {
    pod: { uid: metadata.uid ?? '', namespace: metadata.namespace ?? '', name: metadata.name ?? '', labels: metadata.labels ?? {} },
    container: container.name,
    attempt: prepared.attempt,
    image: container.image ?? '',
    ...(container.command?.length ? { command: words(container.command) } : {}),
    ...(container.args?.length ? { args: words(container.args) } : {}),
    environment: [...variables].map(([name, value]) => `${name}=${value}`),
    ...(container.workingDir ? { workingDirectory: container.workingDir } : {}),
    hostname: prepared.hostname,
    ...(prepared.networkNamespace === undefined ? {} : { networkNamespace: prepared.networkNamespace }),
    resolvConf: files.resolvConf,
    hosts: files.hosts,
    mounts: await prepared.mountsOf(variables),
    terminal: container.tty === true,
    stdin: container.stdin === true,
    limits: amounts(container.resources?.limits),
    requests: amounts(container.resources?.requests),
    security: securityOf(spec, container, prepared.imageUser),
  };
}

export function amounts(list: V1ResourceRequirements['limits'] = {}): RuntimeContainerSpec['limits'] {
  const { memory, cpu } = list;
  return {
    ...(memory === undefined ? {} : { memory_bytes: Number((parseQuantity(memory) + 999n) / 1000n) }),
    ...(cpu === undefined ? {} : { cpu_millicores: Number(parseQuantity(cpu)) }),
  };
}
