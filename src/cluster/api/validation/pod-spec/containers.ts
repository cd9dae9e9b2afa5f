import type { V1Container, V1ContainerPort, V1ContainerResizePolicy, V1ContainerRestartRule, V1EphemeralContainer } from '../../generated/types.ts';
import { checkChoice } from '../choices.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkInRange } from '../numbers.ts';
import { dnsLabel, portName } from '../text-formats.ts';
import type { AnyContainer, ContainerPlace } from './context.ts';
import { checkEnv, checkEnvFrom } from './environment.ts';
import { checkNamed } from './formats.ts';
import { checkLifecycle, checkProbes } from './handlers.ts';
import { checkDevices, checkMounts } from './mounts.ts';
import { checkContainerResources } from './resources.ts';
import { checkSecurityContext } from './security.ts';

const PORT_MAX = 65_535;
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];
const RULES_MAX = 20;
const EXIT_CODES_MAX = 255;
const ONLY_SIDECARS = 'may not be set for init containers without restartPolicy=Always';

/** The containers that a Pod is for. */
export function checkContainers(errors: FieldErrors, path: string, place: ContainerPlace): void {
  const containers = place.spec.containers ?? [];
  if (containers.length === 0) errors.required(path);
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const here = `${path}[${index}]`;
    checkCommon(errors, here, container, place);
    if (names.has(container.name)) errors.duplicate(`${here}.name`, container.name);
    names.add(container.name);
    checkLifecycle(errors, `${here}.lifecycle`, container.lifecycle, place);
    checkProbes(errors, here, container, place);
    checkRestarts(errors, here, container);
  }
  checkHostPorts(errors, path, containers);
}

/** The containers that go before, and those that go along. */
export function checkInitContainers(errors: FieldErrors, path: string, place: ContainerPlace): void {
  const names = new Set((place.spec.containers ?? []).map(({ name }) => name));
  for (const [index, container] of (place.spec.initContainers ?? []).entries()) {
    const here = `${path}[${index}]`;
    checkCommon(errors, here, container, place);
    checkRestarts(errors, here, container, true);
    if (names.has(container.name)) errors.duplicate(`${here}.name`, container.name);
    else if (container.name) names.add(container.name);
    checkHostPorts(errors, path, [container]);
    if (container.restartPolicy === 'Always') {
      checkLifecycle(errors, `${here}.lifecycle`, container.lifecycle, place);
      checkProbes(errors, here, container, place);
      continue;
    }
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
      if (container[field] !== undefined) errors.forbidden(`${here}.${field}`, ONLY_SIDECARS);
    for (const [at, { restartPolicy }] of (container.resizePolicy ?? []).entries())
      if (restartPolicy === 'RestartContainer')
        errors.invalid(`${here}.resizePolicy[${at}].restartPolicy`, restartPolicy, "must not be set to 'RestartContainer' for non-sidecar initContainers");
  }
}

const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
] as const;

/** Containers that look into a Pod that runs. */
export function checkEphemeralContainers(errors: FieldErrors, path: string, place: ContainerPlace): void {
  const others = new Set([...(place.spec.containers ?? []), ...(place.spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  for (const [index, container] of (place.spec.ephemeralContainers ?? []).entries()) {
    const here = `${path}[${index}]`;
    checkCommon(errors, here, container, place);
    checkImageText(errors, here, container);
    if (names.has(container.name)) errors.duplicate(`${here}.name`, container.name);
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) errors.notFound(`${here}.targetContainerName`, target);
    checkEphemeralFields(errors, here, container);
  }
}

function checkEphemeralFields(errors: FieldErrors, path: string, container: V1EphemeralContainer): void {
  const why = 'cannot be set for an Ephemeral Container';
  for (const field of NOT_EPHEMERAL) {
    const value = container[field];
    const isSaid = typeof value === 'object' ? Object.keys(value).length > 0 || field.endsWith('Probe') || field === 'lifecycle' : value !== undefined;
    if (isSaid) errors.forbidden(`${path}.${field}`, why);
  }
  for (const [index, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
    if (subPath) errors.forbidden(`${path}.volumeMounts[${index}].subPath`, why);
    if (subPathExpr) errors.forbidden(`${path}.volumeMounts[${index}].subPathExpr`, why);
  }
}

/** A Pod's own, not a template's: of these, odd ones were taken before. */
export function checkImageText(errors: FieldErrors, path: string, { image = '' }: AnyContainer): void {
  if (image.trim() !== image) errors.invalid(`${path}.image`, image, 'must not have leading or trailing whitespace');
}

/** What holds for every container. */
function checkCommon(errors: FieldErrors, path: string, container: AnyContainer, place: ContainerPlace): void {
  checkNamed(errors, `${path}.name`, container.name, dnsLabel);
  if (!container.image) errors.required(`${path}.image`);
  checkChoice(errors, `${path}.terminationMessagePolicy`, container.terminationMessagePolicy, ['File', 'FallbackToLogsOnError'], false);
  checkPorts(errors, `${path}.ports`, container.ports ?? []);
  checkEnv(errors, `${path}.env`, container.env);
  checkEnvFrom(errors, `${path}.envFrom`, container.envFrom);
  checkMounts(errors, `${path}.volumeMounts`, container, place);
  checkDevices(errors, `${path}.volumeDevices`, container, place);
  checkChoice(errors, `${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], false);
  checkContainerResources(errors, `${path}.resources`, container.resources ?? {}, place.claims);
  checkResizePolicy(errors, `${path}.resizePolicy`, container.resizePolicy ?? [], place.spec.restartPolicy);
  checkSecurityContext(errors, `${path}.securityContext`, container.securityContext, place.hostUsers);
}

/** The ports that a container says it listens on. */
function checkPorts(errors: FieldErrors, path: string, ports: readonly V1ContainerPort[]): void {
  const names = new Set<string>();
  for (const [index, { name, containerPort, hostPort, protocol }] of ports.entries()) {
    const here = `${path}[${index}]`;
    const wrong = name ? portName(name) : [];
    for (const why of wrong) errors.invalid(`${here}.name`, name, why);
    if (name && wrong.length === 0 && names.has(name)) errors.duplicate(`${here}.name`, name);
    names.add(name ?? '');
    if (!containerPort) errors.required(`${here}.containerPort`);
    else checkInRange(errors, `${here}.containerPort`, containerPort, 1, PORT_MAX);
    if (hostPort) checkInRange(errors, `${here}.hostPort`, hostPort, 1, PORT_MAX);
    checkChoice(errors, `${here}.protocol`, protocol, PROTOCOLS, false);
  }
}

/** A port of the machine is one container's. */
function checkHostPorts(errors: FieldErrors, path: string, containers: readonly V1Container[]): void {
  const taken = new Set<string>();
  for (const [index, { ports = [] }] of containers.entries()) {
    for (const [at, { hostPort, hostIP = '', protocol = 'TCP' }] of ports.entries()) {
      if (!hostPort) continue;
      const place = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(place)) errors.duplicate(`${path}[${index}].ports[${at}].hostPort`, place);
      taken.add(place);
    }
  }
}

function checkResizePolicy(errors: FieldErrors, path: string, policies: readonly V1ContainerResizePolicy[], podPolicy = 'Always'): void {
  const names = new Set<string>();
  for (const [index, { resourceName, restartPolicy }] of policies.entries()) {
    if (names.has(resourceName)) errors.duplicate(`${path}[${index}]`, resourceName);
    names.add(resourceName);
    checkChoice(errors, path, resourceName, ['cpu', 'memory'], true);
    checkChoice(errors, path, restartPolicy, ['NotRequired', 'RestartContainer'], true);
    if (podPolicy === 'Never' && restartPolicy !== 'NotRequired')
      errors.invalid(path, restartPolicy ?? '', "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
  }
}

/** `isInit`: of a container that runs before the others nothing more is said where its policy is missing. */
function checkRestarts(errors: FieldErrors, path: string, { restartPolicy, restartPolicyRules: rules = [] }: V1Container, isInit = false): void {
  if (restartPolicy === undefined) {
    if (rules.length > 0) errors.required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used');
    if (isInit) return;
  } else if (!RESTART_POLICIES.includes(restartPolicy)) errors.notSupported(`${path}.restartPolicy`, restartPolicy, RESTART_POLICIES);
  if (rules.length > RULES_MAX) errors.tooMany(`${path}.restartPolicyRules`, rules.length, RULES_MAX);
  for (const [index, rule] of rules.entries()) checkRestartRule(errors, `${path}.restartPolicyRules[${index}]`, rule);
}

function checkRestartRule(errors: FieldErrors, path: string, { action = '', exitCodes }: V1ContainerRestartRule): void {
  if (action !== 'Restart' && action !== 'RestartAllContainers') errors.notSupported(`${path}.action`, action, ['Restart', 'RestartAllContainers']);
  if (exitCodes === undefined) return errors.required(`${path}.exitCodes`, 'must be specified');
  const { operator = '', values = [] } = exitCodes;
  if (operator !== 'In' && operator !== 'NotIn') errors.notSupported(`${path}.exitCodes.operator`, operator, ['In', 'NotIn']);
  if (values.length > EXIT_CODES_MAX) errors.tooMany(`${path}.exitCodes.values`, values.length, EXIT_CODES_MAX);
}
