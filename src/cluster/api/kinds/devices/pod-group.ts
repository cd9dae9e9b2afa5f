import { isDeepStrictEqual } from 'node:util';
import type {
  V1alpha2PodGroup,
  V1alpha2PodGroupResourceClaim,
  V1alpha2PodGroupSchedulingConstraints,
  V1alpha2PodGroupSchedulingPolicy,
  V1alpha2PodGroupTemplate,
  V1alpha2Workload,
} from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsLabel, dnsSubdomain, pathSegment, qualifiedName, type TextFormat } from '../../validation/text-formats.ts';
import { checkConditions } from '../../validation/conditions.ts';
import { strategy } from '../strategy.ts';
import { checkSet } from './names.ts';

type Group = V1alpha2PodGroup;
type Workload = V1alpha2Workload;
const TEMPLATES_MAX = 8;
const CLAIMS_MAX = 4;
const TOPOLOGIES_MAX = 1;
const PRIORITY_MAX = 1_000_000_000;
const MODES = ['Pod', 'PodGroup'];
const IMMUTABLE = 'field is immutable';
const FIXED = [
  'podGroupTemplateRef',
  'schedulingPolicy',
  'schedulingConstraints',
  'resourceClaims',
  'disruptionMode',
  'priorityClassName',
  'priority',
] as const;
const NOT_USED = 'groups of Pods are stored, but the scheduler of this cluster does not schedule by them yet';

function needed(errors: FieldErrors, field: string, text: string | undefined, format: TextFormat): void {
  if (!text) errors.required(field);
  else checkText(errors, field, text, format);
}

/** One of several members, and only one. */
function checkUnion(errors: FieldErrors, path: string, given: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(given).map((name) => `\`${name}\``);
  const set = Object.keys(given).filter((name) => given[name] !== undefined);
  if (set.length === 0) errors.invalid(path, '', `must specify one of: ${names.join(', ')}`);
  if (set.length > 1) errors.invalid(path, `{${set.map((name) => `\`${name}\``).join(', ')}}`, `must specify exactly one of: ${names.join(', ')}`);
}

function checkPolicy(errors: FieldErrors, path: string, { basic, gang }: V1alpha2PodGroupSchedulingPolicy): void {
  checkUnion(errors, path, { basic, gang });
  if (gang === undefined) return;
  if (!gang.minCount) errors.required(`${path}.gang.minCount`);
  else if (gang.minCount < 1) errors.invalid(`${path}.gang.minCount`, gang.minCount, 'must be greater than or equal to 1');
}

function checkClaims(errors: FieldErrors, field: string, claims: readonly V1alpha2PodGroupResourceClaim[] = []): void {
  checkSet(
    errors,
    field,
    claims,
    CLAIMS_MAX,
    ({ name }) => name,
    (claim, path) => {
      const { resourceClaimName, resourceClaimTemplateName } = claim;
      needed(errors, `${path}.name`, claim.name, dnsLabel);
      checkUnion(errors, path, { resourceClaimName, resourceClaimTemplateName });
      if (resourceClaimName !== undefined) checkText(errors, `${path}.resourceClaimName`, resourceClaimName, dnsSubdomain);
      if (resourceClaimTemplateName !== undefined) checkText(errors, `${path}.resourceClaimTemplateName`, resourceClaimTemplateName, dnsSubdomain);
    },
  );
}

interface Common {
  readonly schedulingPolicy?: V1alpha2PodGroupSchedulingPolicy;
  readonly schedulingConstraints?: V1alpha2PodGroupSchedulingConstraints;
  readonly resourceClaims?: V1alpha2PodGroupResourceClaim[];
  readonly disruptionMode?: string;
  readonly priorityClassName?: string;
  readonly priority?: number;
}

function checkCommon(errors: FieldErrors, path: string, group: Common): void {
  checkPolicy(errors, `${path}.schedulingPolicy`, group.schedulingPolicy ?? {});
  const topologies = group.schedulingConstraints?.topology ?? [];
  if (topologies.length > TOPOLOGIES_MAX) errors.tooMany(`${path}.schedulingConstraints.topology`, topologies.length, TOPOLOGIES_MAX);
  for (const [index, { key }] of topologies.entries()) needed(errors, `${path}.schedulingConstraints.topology[${index}].key`, key, qualifiedName);
  checkClaims(errors, `${path}.resourceClaims`, group.resourceClaims);
  const { disruptionMode, priorityClassName, priority = 0 } = group;
  if (disruptionMode !== undefined && !MODES.includes(disruptionMode)) errors.notSupported(`${path}.disruptionMode`, disruptionMode, MODES);
  if (priorityClassName) checkText(errors, `${path}.priorityClassName`, priorityClassName, dnsSubdomain);
  if (priority > PRIORITY_MAX) errors.invalid(`${path}.priority`, priority, `must be less than or equal to ${PRIORITY_MAX}`);
}

function checkGroup(errors: FieldErrors, { spec }: Group, old?: Group): void {
  const workload = spec?.podGroupTemplateRef?.workload;
  if (spec?.podGroupTemplateRef !== undefined) checkUnion(errors, 'spec.podGroupTemplateRef', { workload });
  if (workload !== undefined) {
    needed(errors, 'spec.podGroupTemplateRef.workload.workloadName', workload.workloadName, dnsSubdomain);
    needed(errors, 'spec.podGroupTemplateRef.workload.podGroupTemplateName', workload.podGroupTemplateName, dnsLabel);
  }
  checkCommon(errors, 'spec', spec ?? {});
  if (old === undefined) return;
  for (const field of FIXED) if (!isDeepStrictEqual(spec?.[field], old.spec[field])) errors.invalid(`spec.${field}`, null, IMMUTABLE);
}

function groupStatus({ status }: Group): string {
  const find = (name: string) => status?.conditions?.find(({ type }) => type === name);
  const scheduled = find('PodGroupScheduled');
  return find('DisruptionTarget')?.reason ?? (scheduled === undefined ? 'Pending' : scheduled.status === 'True' ? 'Scheduled' : 'Unschedulable');
}

export const POD_GROUP = strategy<Group>({
  setDefaults: ({ spec }) => {
    if (spec) spec.disruptionMode ??= 'Pod';
  },
  prepareCreate: (group) => {
    group.status = {};
  },
  validate: checkGroup,
  validateStatus: (errors, { spec, status }) => {
    checkConditions(errors, 'status.conditions', status?.conditions);
    const names = (spec.resourceClaims ?? []).map(({ name }) => name);
    for (const [index, { name }] of (status?.resourceClaimStatuses ?? []).entries())
      if (!names.includes(name))
        errors.invalid(`status.resourceClaimStatuses[${index}].name`, name, 'must match the name of an entry in `spec.resourceClaims`');
  },
  warnings: (_, old) => (old === undefined ? [NOT_USED] : []),
  columns: [
    nameColumn,
    column<Group>('Policy', ({ spec }) => (spec.schedulingPolicy.gang === undefined ? 'Basic' : 'Gang')),
    column<Group>('Workload', ({ spec }) => spec.podGroupTemplateRef?.workload?.workloadName ?? '<none>'),
    column<Group>('Status', groupStatus),
    ageColumn,
  ],
});

function checkWorkload(errors: FieldErrors, { spec }: Workload, old?: Workload): void {
  const { controllerRef: owner, podGroupTemplates: templates = [] } = spec ?? {};
  if (owner?.apiGroup) checkText(errors, 'spec.controllerRef.apiGroup', owner.apiGroup, dnsSubdomain);
  if (owner !== undefined) needed(errors, 'spec.controllerRef.kind', owner.kind, pathSegment);
  if (owner !== undefined) needed(errors, 'spec.controllerRef.name', owner.name, pathSegment);
  if (templates.length === 0) errors.required('spec.podGroupTemplates');
  const byName = ({ name }: V1alpha2PodGroupTemplate) => name;
  checkSet(errors, 'spec.podGroupTemplates', templates, TEMPLATES_MAX, byName, (template, path) => {
    needed(errors, `${path}.name`, template.name, dnsLabel);
    checkCommon(errors, path, template);
  });
  for (const field of ['controllerRef', 'podGroupTemplates'] as const)
    if (old !== undefined && !isDeepStrictEqual(spec?.[field], old.spec[field])) errors.invalid(`spec.${field}`, null, IMMUTABLE);
}

export const WORKLOAD = strategy<Workload>({
  validate: checkWorkload,
  warnings: (_, old) => (old === undefined ? [NOT_USED] : []),
  columns: [nameColumn, ageColumn],
});
