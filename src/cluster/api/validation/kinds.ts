import type { V1Service } from '../generated/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkHostLabel } from './names.ts';
import { checkPort } from './numbers.ts';
import { checkPortOrName } from './ports.ts';

const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export function checkService(errors: FieldErrors, { metadata, spec }: V1Service, old?: V1Service): void {
  if (metadata.name) checkHostLabel(errors, 'metadata.name', metadata.name);
  if (spec === undefined) return errors.required('spec');
  if (!SERVICE_TYPES.includes(spec.type ?? 'ClusterIP')) errors.notSupported('spec.type', spec.type, SERVICE_TYPES);
  const headless = spec.clusterIP === 'None';
  if (spec.type === 'ExternalName') {
    if (!spec.externalName) errors.required('spec.externalName');
  } else if (!headless && !spec.ports?.length) errors.required('spec.ports');
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const path = `spec.ports[${index}]`;
    checkPort(errors, `${path}.port`, port.port);
    if ((spec.ports?.length ?? 0) > 1 && !port.name) errors.required(`${path}.name`);
    if (port.name && names.has(port.name)) errors.duplicate(`${path}.name`, port.name);
    names.add(port.name ?? '');
    const number = `${port.port}/${port.protocol ?? 'TCP'}`;
    if (numbers.has(number)) errors.duplicate(path, port);
    numbers.add(number);
    if (!['TCP', 'UDP', 'SCTP'].includes(port.protocol ?? 'TCP')) errors.notSupported(`${path}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']);
    if (port.targetPort !== undefined) checkPortOrName(errors, `${path}.targetPort`, port.targetPort);
    if (port.nodePort) checkPort(errors, `${path}.nodePort`, port.nodePort);
  }
  const before = old?.spec?.clusterIP;
  if (before && old?.spec?.type !== 'ExternalName' && spec.type !== 'ExternalName' && spec.clusterIP !== before)
    errors.invalid('spec.clusterIPs[0]', [spec.clusterIP ?? ''], 'may not change once set');
}
