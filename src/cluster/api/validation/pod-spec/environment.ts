import type {
  V1EnvFromSource,
  V1EnvVar,
  V1EnvVarSource,
  V1FileKeySelector,
  V1ObjectFieldSelector,
  V1PodSpec,
  V1ResourceFieldSelector,
} from '../../generated/types.ts';
import { isQuantity, parseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkText, dnsLabel, dnsSubdomain, qualifiedName } from '../text-formats.ts';
import { eachContainer } from './context.ts';
import { checkNamed, checkNoBacksteps, configKey, variableName } from './formats.ts';

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Fields that can be named, whether or not they can be used where they are. */
const POD_FIELDS = new Set([...ENV_FIELDS, 'metadata.annotations', 'metadata.labels', 'spec.restartPolicy', 'spec.schedulerName', 'status.phase']);
const RESOURCES = ['limits.cpu', 'limits.ephemeral-storage', 'limits.memory', 'requests.cpu', 'requests.ephemeral-storage', 'requests.memory'];
const BYTE_DIVISORS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const HUGE_PAGES = /^(?:requests|limits)\.hugepages-/;

/** The variables of a container. */
export function checkEnv(errors: FieldErrors, path: string, variables: readonly V1EnvVar[] = []): void {
  for (const [index, { name, value, valueFrom }] of variables.entries()) {
    const here = `${path}[${index}]`;
    checkNamed(errors, `${here}.name`, name, variableName);
    if (valueFrom !== undefined) checkValueFrom(errors, `${here}.valueFrom`, valueFrom, value ?? '');
  }
}

function checkValueFrom(errors: FieldErrors, path: string, from: V1EnvVarSource, value: string): void {
  const { fieldRef, resourceFieldRef, fileKeyRef } = from;
  if (fieldRef) checkFieldRef(errors, `${path}.fieldRef`, fieldRef, ENV_FIELDS);
  if (resourceFieldRef) checkResourceFieldRef(errors, `${path}.resourceFieldRef`, resourceFieldRef, false);
  for (const source of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const ref = from[source];
    if (ref === undefined) continue;
    checkText(errors, `${path}.${source}.name`, ref.name ?? '', dnsSubdomain);
    checkNamed(errors, `${path}.${source}.key`, ref.key, configKey);
  }
  if (fileKeyRef) checkFileKey(errors, `${path}.fileKeyRef`, fileKeyRef);
  const count = Object.values(from).filter((source) => source !== undefined).length;
  if (count === 0) errors.invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`');
  else if (value !== '') errors.invalid(path, '', 'may not be specified when `value` is not empty');
  else if (count > 1) errors.invalid(path, '', 'may not have more than one field specified at a time');
}

function checkFileKey(errors: FieldErrors, path: string, { key, volumeName, path: file }: V1FileKeySelector): void {
  checkNamed(errors, `${path}.key`, key, variableName);
  checkNamed(errors, `${path}.volumeName`, volumeName, dnsLabel);
  if (!file) errors.required(`${path}.path`);
  else checkNoBacksteps(errors, `${path}.path`, file);
}

/** A field of the Pod's own, by its path: `metadata.labels['app']`. `fields` are those that can be used here. */
export function checkFieldRef(errors: FieldErrors, path: string, { apiVersion = 'v1', fieldPath }: V1ObjectFieldSelector, fields: readonly string[]): void {
  if (!fieldPath) return errors.required(`${path}.fieldPath`);
  const wrong = (why: string) => errors.invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${why}`);
  if (apiVersion !== 'v1') return wrong(`unsupported pod version: ${apiVersion}`);
  const subscripted = /^([^[]*)\['(.*)'\]$/s.exec(fieldPath);
  if (subscripted !== null) {
    const [, field = '', key = ''] = subscripted;
    if (field !== 'metadata.annotations' && field !== 'metadata.labels') return wrong(`field label does not support subscript: ${fieldPath}`);
    return checkText(errors, path, field === 'metadata.annotations' ? key.toLowerCase() : key, qualifiedName);
  }
  // What old clients call the node.
  const field = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
  if (!POD_FIELDS.has(field)) return wrong(`field label not supported: ${fieldPath}`);
  if (!fields.includes(field)) errors.notSupported(`${path}.fieldPath`, field, [...fields].sort());
}

/** An amount of a container's own, in units of the divisor. */
export function checkResourceFieldRef(errors: FieldErrors, path: string, ref: V1ResourceFieldSelector, inVolume: boolean): void {
  const { containerName, resource, divisor = '0' } = ref;
  if (inVolume && !containerName) errors.required(`${path}.containerName`);
  else if (!resource) errors.required(`${path}.resource`);
  else if (!RESOURCES.includes(resource) && !HUGE_PAGES.test(resource)) errors.notSupported(`${path}.resource`, resource, RESOURCES);
  if (!resource || !isQuantity(divisor) || parseQuantity(divisor) === 0n) return;
  const kind = HUGE_PAGES.test(resource) ? 'hugepages' : resource.slice(resource.indexOf('.') + 1);
  if (kind === 'cpu') {
    if (!['1m', '1'].includes(divisor)) errors.invalid(`${path}.divisor`, resource, "only divisor's values 1m and 1 are supported with the cpu resource");
  } else if ((RESOURCES.includes(resource) || kind === 'hugepages') && !BYTE_DIVISORS.includes(divisor)) {
    const noun = kind === 'ephemeral-storage' ? 'local ephemeral storage' : kind;
    errors.invalid(`${path}.divisor`, resource, `only divisor's values ${BYTE_DIVISORS.join(', ')} are supported with the ${noun} resource`);
  }
}

/** Variables that are taken from whole ConfigMaps and Secrets. */
export function checkEnvFrom(errors: FieldErrors, path: string, sources: readonly V1EnvFromSource[] = []): void {
  for (const [index, source] of sources.entries()) {
    const here = `${path}[${index}]`;
    if (source.prefix) checkText(errors, `${here}.prefix`, source.prefix, variableName);
    const refs = (['configMapRef', 'secretRef'] as const).filter((kind) => source[kind] !== undefined);
    for (const kind of refs) checkNamed(errors, `${here}.${kind}.name`, source[kind]?.name, dnsSubdomain);
    if (refs.length === 0) errors.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`');
    else if (refs.length > 1) errors.invalid(path, '', 'may not have more than one field specified at a time');
  }
}

/** Files with variables lie in volumes that are the Pod's own. */
export function checkFileVolumes(errors: FieldErrors, path: string, spec: V1PodSpec): void {
  for (const [here, { env = [] }] of eachContainer(spec, path)) {
    for (const [index, { valueFrom }] of env.entries()) {
      const volumeName = valueFrom?.fileKeyRef?.volumeName;
      if (volumeName === undefined) continue;
      const field = `${here}.env[${index}].valueFrom.fileKeyRef.volumeName`;
      const volume = spec.volumes?.find(({ name }) => name === volumeName);
      if (volume === undefined) errors.notFound(field, volumeName);
      else if (volume.emptyDir === undefined) errors.invalid(field, volumeName, 'referenced volume must be of type emptyDir');
    }
  }
}
