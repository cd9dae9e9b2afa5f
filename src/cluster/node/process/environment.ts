import type { V1ConfigMap, V1Container, V1EnvVar, V1Pod, V1Secret, V1Service } from '#cluster/api';
import { ContainerConfigError } from '../errors.ts';
import type { TokenWish } from '../tokens.ts';
import { expand } from './expand.ts';
import { type PodFacts, podField, resourceField } from './fields.ts';

/** ConfigMaps and Secrets of the Pod's namespace; undefined when there is none of that name. */
export interface Sources {
  configMap(name: string): Promise<V1ConfigMap | undefined>;
  secret(name: string): Promise<V1Secret | undefined>;
  /** A token of the Pod's account, bound to the Pod. */
  token(pod: V1Pod, wish: TokenWish): Promise<string>;
}

/** The environment of a container: Services first, then `envFrom`, then `env`, later ones over earlier. Errors: `CreateContainerConfigError`. */
export async function environmentOf(
  facts: PodFacts,
  container: V1Container,
  services: readonly V1Service[],
  sources: Sources,
): Promise<ReadonlyMap<string, string>> {
  const variables = new Map<string, string>();
  for (const source of container.envFrom ?? []) {
    const data = await allOf(source, sources);
    for (const [name, value] of data) variables.set(`${source.prefix ?? ''}${name}`, value);
  }
  const links = serviceVariables(services);
  for (const variable of container.env ?? []) {
    const value = await valueOf(facts, container, variable, new Map([...links, ...variables]), sources);
    if (value !== undefined) variables.set(variable.name, value);
  }
  return new Map([...links, ...variables]);
}

async function valueOf(
  facts: PodFacts,
  container: V1Container,
  { value, valueFrom }: V1EnvVar,
  known: ReadonlyMap<string, string>,
  sources: Sources,
): Promise<string | undefined> {
  if (valueFrom === undefined) return expand(value ?? '', known);
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef) return podField(facts, fieldRef.fieldPath);
  if (resourceFieldRef) return resourceField(facts, container, resourceFieldRef);
  if (configMapKeyRef) {
    const { name = '', key, optional } = configMapKeyRef;
    const object = await sources.configMap(name);
    return entry(object && new Map(configEntries(object)), 'configmap', 'ConfigMap', name, key, optional, facts);
  }
  if (secretKeyRef) {
    const { name = '', key, optional } = secretKeyRef;
    const object = await sources.secret(name);
    return entry(object && new Map(secretEntries(object)), 'secret', 'Secret', name, key, optional, facts);
  }
  throw new ContainerConfigError(`env: unsupported valueFrom: ${Object.keys(valueFrom).join(', ')}`);
}

function entry(
  data: ReadonlyMap<string, Buffer> | undefined,
  kind: string,
  title: string,
  name: string,
  key: string,
  optional: boolean | undefined,
  { pod }: PodFacts,
): string | undefined {
  const value = data?.get(key)?.toString('utf8');
  if (value !== undefined || optional === true) return value;
  if (data === undefined) throw new ContainerConfigError(`${kind} "${name}" not found`);
  throw new ContainerConfigError(`couldn't find key ${key} in ${title} ${pod.metadata.namespace}/${name}`);
}

async function allOf(source: NonNullable<V1Container['envFrom']>[number], sources: Sources): Promise<readonly (readonly [string, string])[]> {
  const { configMapRef, secretRef } = source;
  const name = configMapRef?.name ?? secretRef?.name ?? '';
  const entries = configMapRef
    ? await sources.configMap(name).then((found) => found && configEntries(found))
    : await sources.secret(name).then((found) => found && secretEntries(found));
  if (entries === undefined && (configMapRef ?? secretRef)?.optional !== true)
    throw new ContainerConfigError(`${configMapRef ? 'configmap' : 'secret'} "${name}" not found`);
  return (entries ?? []).filter(([, bytes]) => !bytes.includes(0)).map(([key, bytes]) => [key, bytes.toString('utf8')] as const);
}

/** The content of a ConfigMap, text and binary. */
export function configEntries({ data = {}, binaryData = {} }: V1ConfigMap): readonly (readonly [string, Buffer])[] {
  return [
    ...Object.entries(data).map(([key, text]) => [key, Buffer.from(text)] as const),
    ...Object.entries(binaryData).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const),
  ];
}

/** The content of a Secret. */
export function secretEntries({ data = {} }: V1Secret): readonly (readonly [string, Buffer])[] {
  return Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const);
}

/** What containers learn of the Services by their environment: `NAME_SERVICE_HOST`, `NAME_SERVICE_PORT` and the older `NAME_PORT…`. Pure. */
export function serviceVariables(services: readonly V1Service[]): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const { metadata, spec } of services) {
    const address = spec?.clusterIP;
    const [first] = spec?.ports ?? [];
    if (!address || address === 'None' || first === undefined) continue;
    const prefix = envName(metadata.name ?? '');
    variables.set(`${prefix}_SERVICE_HOST`, address);
    variables.set(`${prefix}_SERVICE_PORT`, String(first.port));
    for (const { name, port } of spec.ports ?? []) if (name) variables.set(`${prefix}_SERVICE_PORT_${envName(name)}`, String(port));
    const url = ({ protocol = 'TCP', port }: typeof first) => `${protocol.toLowerCase()}://${address}:${port}`;
    variables.set(`${prefix}_PORT`, url(first));
    for (const port of spec.ports ?? []) {
      const own = `${prefix}_PORT_${port.port}_${port.protocol ?? 'TCP'}`;
      variables.set(own, url(port));
      variables.set(`${own}_PROTO`, (port.protocol ?? 'TCP').toLowerCase());
      variables.set(`${own}_PORT`, String(port.port));
      variables.set(`${own}_ADDR`, address);
    }
  }
  return variables;
}

function envName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

/** The Services that a Pod's containers hear of: all of its namespace (unless `enableServiceLinks` is false), and always the API's. Pure. */
export function visibleServices(services: readonly V1Service[], namespace: string, links: boolean): readonly V1Service[] {
  const isApi = ({ metadata }: V1Service) => metadata.namespace === 'default' && metadata.name === 'kubernetes';
  return [...services.filter(isApi), ...services.filter((service) => links && !isApi(service) && service.metadata.namespace === namespace)];
}
