import type { V1Container, V1PodSpec, V1Probe, V1ResourceRequirements, V1Volume } from '../generated/types.ts';
import { isQuantity, parseQuantity } from '../quantity.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkLabelName, checkSubdomain } from './names.ts';
import { checkNotNegative } from './numbers.ts';
import { checkContainerPorts, checkPortOrName } from './ports.ts';

const POLICIES = ['Always', 'OnFailure', 'Never'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
/** Printable, and no `=`, which ends the name. */
const VARIABLE = /^[ -<>-~]+$/;
const DNS_POLICIES = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];

/** The rules of a Pod's spec, at `path`. `policies` narrows what a controller's template may restart by. */
export function checkPodSpec(errors: FieldErrors, path: string, spec: V1PodSpec, policies: readonly string[] = POLICIES): void {
  if (!spec.containers?.length) errors.required(`${path}.containers`);
  if (!policies.includes(spec.restartPolicy ?? 'Always')) errors.notSupported(`${path}.restartPolicy`, spec.restartPolicy, policies);
  if (!DNS_POLICIES.includes(spec.dnsPolicy ?? 'ClusterFirst')) errors.notSupported(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  checkNotNegative(errors, `${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds);
  if (spec.nodeName) checkSubdomain(errors, `${path}.nodeName`, spec.nodeName);
  const volumes = checkVolumes(errors, `${path}.volumes`, spec.volumes ?? []);
  const names = new Set<string>();
  for (const [list, containers] of [
    ['containers', spec.containers ?? []],
    ['initContainers', spec.initContainers ?? []],
  ] as const) {
    for (const [index, container] of containers.entries()) {
      const here = `${path}.${list}[${index}]`;
      if (names.has(container.name)) errors.duplicate(`${here}.name`, container.name);
      names.add(container.name);
      checkContainer(errors, here, container, volumes);
    }
  }
  if (spec.ephemeralContainers?.length) errors.forbidden(`${path}.ephemeralContainers`, 'cannot be set on create');
}

function checkVolumes(errors: FieldErrors, path: string, volumes: readonly V1Volume[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [index, volume] of volumes.entries()) {
    const here = `${path}[${index}]`;
    if (!volume.name) errors.required(`${here}.name`);
    else {
      checkLabelName(errors, `${here}.name`, volume.name);
      if (names.has(volume.name)) errors.duplicate(`${here}.name`, volume.name);
      names.add(volume.name);
    }
    if (Object.keys(volume).length > 2) errors.forbidden(here, 'may not specify more than 1 volume type');
    if (volume.hostPath && volume.hostPath.path.split('/').includes('..'))
      errors.invalid(`${here}.hostPath.path`, volume.hostPath.path, "must not contain '..'");
  }
  return names;
}

function checkContainer(errors: FieldErrors, path: string, container: V1Container, volumes: ReadonlySet<string>): void {
  if (!container.name) errors.required(`${path}.name`);
  else checkLabelName(errors, `${path}.name`, container.name);
  if (!container.image) errors.required(`${path}.image`);
  else if (container.image.trim() !== container.image) errors.invalid(`${path}.image`, container.image, 'must not have leading or trailing whitespace');
  if (!PULL_POLICIES.includes(container.imagePullPolicy ?? 'Always')) errors.notSupported(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES);
  checkContainerPorts(errors, `${path}.ports`, container.ports ?? []);
  for (const [index, variable] of (container.env ?? []).entries()) {
    if (!variable.name) errors.required(`${path}.env[${index}].name`);
    else if (!VARIABLE.test(variable.name))
      errors.invalid(
        `${path}.env[${index}].name`,
        variable.name,
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      );
    if (variable.valueFrom !== undefined && variable.value)
      errors.invalid(`${path}.env[${index}].valueFrom`, '', 'may not be specified when `value` is not empty');
  }
  const targets = new Set<string>();
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const here = `${path}.volumeMounts[${index}]`;
    if (!volumes.has(mount.name)) errors.invalid(`${here}.name`, mount.name, 'no volume of that name is in the Pod');
    if (!mount.mountPath) errors.required(`${here}.mountPath`);
    if (targets.has(mount.mountPath)) errors.invalid(`${here}.mountPath`, mount.mountPath, 'must be unique');
    targets.add(mount.mountPath);
  }
  checkResources(errors, `${path}.resources`, container.resources ?? {});
  if (container.livenessProbe) checkProbe(errors, `${path}.livenessProbe`, container.livenessProbe, true);
  if (container.readinessProbe) checkProbe(errors, `${path}.readinessProbe`, container.readinessProbe, false);
  if (container.startupProbe) checkProbe(errors, `${path}.startupProbe`, container.startupProbe, true);
}

function checkResources(errors: FieldErrors, path: string, { limits = {}, requests = {} }: V1ResourceRequirements): void {
  for (const [list, amounts] of [
    ['limits', limits],
    ['requests', requests],
  ] as const) {
    for (const [name, amount] of Object.entries(amounts)) {
      const here = `${path}.${list}[${name}]`;
      if (!isQuantity(amount)) errors.invalid(here, amount, "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
      else if (parseQuantity(amount) < 0n) errors.invalid(here, amount, 'must be greater than or equal to 0');
    }
  }
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit !== undefined && isQuantity(limit) && isQuantity(request) && parseQuantity(request) > parseQuantity(limit)) {
      errors.invalid(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`);
    }
  }
}

function checkProbe(errors: FieldErrors, path: string, probe: V1Probe, onceOnly: boolean): void {
  const handlers = (['exec', 'httpGet', 'tcpSocket', 'grpc'] as const).filter((kind) => probe[kind] !== undefined);
  if (handlers.length === 0) errors.required(path, 'must specify a handler type');
  if (handlers.length > 1) errors.forbidden(path, 'may not specify more than 1 handler type');
  checkHandler(errors, path, probe);
  for (const field of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const)
    checkNotNegative(errors, `${path}.${field}`, probe[field]);
  if (onceOnly && (probe.successThreshold ?? 1) !== 1) errors.invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1');
}

function checkHandler(errors: FieldErrors, path: string, { exec, httpGet, tcpSocket, grpc }: V1Probe): void {
  if (exec && !exec.command?.length) errors.required(`${path}.exec.command`);
  if (httpGet) checkPortOrName(errors, `${path}.httpGet.port`, httpGet.port);
  if (httpGet && !['HTTP', 'HTTPS'].includes(httpGet.scheme ?? 'HTTP')) errors.notSupported(`${path}.httpGet.scheme`, httpGet.scheme, ['HTTP', 'HTTPS']);
  if (tcpSocket) checkPortOrName(errors, `${path}.tcpSocket.port`, tcpSocket.port);
  if (grpc) checkPortOrName(errors, `${path}.grpc.port`, grpc.port);
}
