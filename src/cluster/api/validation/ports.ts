import type { V1ContainerPort } from '../generated/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkPort } from './numbers.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const NAME_LENGTH_MAX = 15;

/** A port by its number, or by the name that the Pod gives it. The field is always there in objects; a body may lack it. */
export function checkPortOrName(errors: FieldErrors, field: string, port: number | string | undefined): void {
  if (typeof port === 'string') checkPortName(errors, field, port);
  else checkPort(errors, field, port);
}

/** RFC 6335: what services are called. */
function checkPortName(errors: FieldErrors, field: string, name: string): void {
  if (name.length > NAME_LENGTH_MAX) errors.invalid(field, name, `must be no more than ${NAME_LENGTH_MAX} characters`);
  else if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name))
    errors.invalid(field, name, 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-), and begin and end with none');
  else if (!/[a-z]/.test(name)) errors.invalid(field, name, 'must contain at least one letter (a-z)');
  else if (name.includes('--')) errors.invalid(field, name, 'must not contain consecutive hyphens');
}

/** The ports that a container says it listens on. */
export function checkContainerPorts(errors: FieldErrors, path: string, ports: readonly V1ContainerPort[]): void {
  const names = new Set<string>();
  for (const [index, { name, containerPort, hostPort, protocol = 'TCP' }] of ports.entries()) {
    const here = `${path}[${index}]`;
    if (name) checkPortName(errors, `${here}.name`, name);
    if (name && names.has(name)) errors.duplicate(`${here}.name`, name);
    names.add(name ?? '');
    checkPort(errors, `${here}.containerPort`, containerPort);
    if (hostPort) checkPort(errors, `${here}.hostPort`, hostPort);
    if (!PROTOCOLS.includes(protocol)) errors.notSupported(`${here}.protocol`, protocol, PROTOCOLS);
  }
}
