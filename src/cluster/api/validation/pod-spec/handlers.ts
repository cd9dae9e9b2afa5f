import type { V1HTTPGetAction, V1Lifecycle, V1PodOS, V1Probe, V1SleepAction } from '../../generated/types.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkInRange, checkNoneNegative } from '../numbers.ts';
import { checkText, portName } from '../text-formats.ts';
import type { ContainerPlace } from './context.ts';
import { headerName } from './formats.ts';

const PORT_MAX = 65_535;
const PLAIN_SIGNALS =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX';
const range = (count: number, name: string) => Array.from({ length: count }, (_, index) => `${name}${index + 1}`);
const LINUX_SIGNALS = [...PLAIN_SIGNALS.split(' '), ...range(15, 'RTMIN+'), ...range(14, 'RTMAX-')].map((name) => `SIG${name}`).sort();
const WINDOWS_SIGNALS = ['SIGKILL', 'SIGTERM'];

interface Handler extends Pick<V1Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> {
  readonly sleep?: V1SleepAction;
}

/** A port by its number, or by the name that the container gives it; one that is not said is 0. */
export function checkPortRef(errors: FieldErrors, field: string, port: number | string = 0): void {
  if (typeof port === 'string') checkText(errors, field, port, portName);
  else checkInRange(errors, field, port, 1, PORT_MAX);
}

function checkHandler(errors: FieldErrors, path: string, handler: Handler, gracePeriod_s: number | undefined): void {
  const kinds = (['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const).filter((kind) => handler[kind] !== undefined);
  const [kind, ...more] = kinds;
  if (kind === undefined) return errors.required(path, 'must specify a handler type');
  const here = `${path}.${kind}`;
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (kind === 'exec' && !exec?.command?.length) errors.required(`${here}.command`);
  if (kind === 'httpGet' && httpGet) checkHttpGet(errors, here, httpGet);
  if (kind === 'tcpSocket') checkPortRef(errors, `${here}.port`, tcpSocket?.port);
  if (kind === 'grpc') checkPortRef(errors, `${here}.port`, grpc?.port);
  if (kind === 'sleep' && sleep) checkSleep(errors, here, sleep.seconds ?? 0, gracePeriod_s);
  for (const other of more) errors.forbidden(`${path}.${other}`, 'may not specify more than 1 handler type');
}

function checkHttpGet(errors: FieldErrors, path: string, { path: url = '/', port, scheme = 'HTTP', httpHeaders = [] }: V1HTTPGetAction): void {
  if (url === '') errors.required(`${path}.path`);
  checkPortRef(errors, `${path}.port`, port);
  if (scheme !== 'HTTP' && scheme !== 'HTTPS') errors.notSupported(`${path}.scheme`, scheme, ['HTTP', 'HTTPS']);
  for (const { name } of httpHeaders) checkText(errors, `${path}.httpHeaders`, name ?? '', headerName);
}

function checkSleep(errors: FieldErrors, path: string, seconds: number, gracePeriod_s: number | undefined): void {
  if (gracePeriod_s !== undefined && (seconds < 0 || seconds > gracePeriod_s))
    errors.invalid(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod_s})`);
}

/** The three questions that are asked of a container that runs. */
export function checkProbes(
  errors: FieldErrors,
  path: string,
  probes: { readonly livenessProbe?: V1Probe; readonly readinessProbe?: V1Probe; readonly startupProbe?: V1Probe },
  place: ContainerPlace,
): void {
  for (const kind of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = probes[kind];
    if (probe === undefined) continue;
    const here = `${path}.${kind}`;
    checkProbe(errors, here, probe, place.gracePeriod_s);
    if (kind === 'readinessProbe') {
      if (probe.terminationGracePeriodSeconds !== undefined)
        errors.invalid(`${here}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds, 'must not be set for readinessProbes');
    } else if ((probe.successThreshold ?? 1) !== 1) errors.invalid(`${here}.successThreshold`, probe.successThreshold, 'must be 1');
  }
}

function checkProbe(errors: FieldErrors, path: string, probe: V1Probe, gracePeriod_s: number | undefined): void {
  checkHandler(errors, path, probe, gracePeriod_s);
  checkNoneNegative(errors, path, probe, ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold']);
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) errors.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0');
}

/** What is done when a container has started and before it is stopped. */
export function checkLifecycle(errors: FieldErrors, path: string, lifecycle: V1Lifecycle | undefined, { gracePeriod_s, spec }: ContainerPlace): void {
  if (lifecycle?.postStart) checkHandler(errors, `${path}.postStart`, lifecycle.postStart, gracePeriod_s);
  if (lifecycle?.preStop) checkHandler(errors, `${path}.preStop`, lifecycle.preStop, gracePeriod_s);
  if (lifecycle?.stopSignal !== undefined) checkStopSignal(errors, `${path}.stopSignal`, lifecycle.stopSignal, spec.os);
}

function checkStopSignal(errors: FieldErrors, field: string, signal: string, os: V1PodOS | undefined): void {
  if (os === undefined) return errors.forbidden(field, 'may not be set for containers with empty `spec.os.name`');
  const signals = os.name === 'windows' ? WINDOWS_SIGNALS : os.name === 'linux' ? LINUX_SIGNALS : undefined;
  if (signals !== undefined && !signals.includes(signal)) errors.notSupported(field, signal, signals);
}
