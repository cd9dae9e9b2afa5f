import type { V1APIService } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsSubdomain, pathSegment } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';

const GROUP_PRIORITY_MAX = 20_000;
const VERSION_PRIORITY_MAX = 1_000;
const STATES = ['True', 'False', 'Unknown'];

function validate(errors: FieldErrors, { metadata, spec }: V1APIService): void {
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec ?? {};
  const name = `${version}.${group}`;
  if (metadata.name !== name) errors.invalid('metadata.name', metadata.name ?? '', `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`);
  if (group === '' && version !== 'v1') errors.required('spec.group', 'only v1 may have an empty group and it better be legacy kube');
  if (group !== '') checkText(errors, 'spec.group', group, dnsSubdomain);
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(version))
    errors.invalid(
      'spec.version',
      version,
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    );
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > GROUP_PRIORITY_MAX)
    errors.invalid('spec.groupPriorityMinimum', groupPriorityMinimum, `must be positive and less than ${GROUP_PRIORITY_MAX}`);
  if (versionPriority <= 0 || versionPriority > VERSION_PRIORITY_MAX)
    errors.invalid('spec.versionPriority', versionPriority, `must be positive and less than ${VERSION_PRIORITY_MAX}`);
  if (spec?.service !== undefined)
    return errors.forbidden('spec.service', 'API aggregation is not served yet: only APIServices of this server itself, without a service, are taken');
  if (spec?.caBundle) errors.invalid('spec.caBundle', `${Buffer.byteLength(spec.caBundle, 'base64')} bytes`, 'local APIServices may not have a caBundle');
  if (spec?.insecureSkipTLSVerify) errors.invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify');
}

const columns: readonly Column[] = [
  nameColumn,
  column<V1APIService>('Service', ({ spec }) => (spec?.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local')),
  column<V1APIService>('Available', ({ status }) => {
    const available = status?.conditions?.find(({ type }) => type === 'Available');
    if (available === undefined) return 'Unknown';
    return available.status === 'True' || !available.reason ? available.status : `${available.status} (${available.reason})`;
  }),
  ageColumn,
];

export const API_SERVICE = strategy<V1APIService>({
  prepareCreate: (service) => {
    const now = service.metadata.creationTimestamp;
    const local = { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' };
    service.status = service.spec?.service ? {} : { conditions: [{ ...local, ...(now === undefined ? {} : { lastTransitionTime: now }) }] };
  },
  validateName: (errors, field, name) => checkText(errors, field, name, pathSegment),
  validate,
  validateStatus: (errors, { status }) => {
    for (const [index, condition] of (status?.conditions ?? []).entries())
      if (!STATES.includes(condition.status)) errors.notSupported(`status.conditions[${index}].status`, condition.status, STATES);
  },
  columns,
});
