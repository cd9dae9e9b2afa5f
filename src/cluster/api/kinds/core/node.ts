import type { V1Node } from '../../generated/types.ts';
import { ageColumn, type Column, column, list, nameColumn } from '../../table/column.ts';
import { strategy } from '../strategy.ts';
import { validateNode, validateNodeStatus } from './node-rules.ts';

function setDefaults({ spec, status }: V1Node): void {
  // Two names for one thing: the older is the first of the list.
  if (spec?.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
  else if (spec?.podCIDRs?.[0] !== undefined) spec.podCIDR = spec.podCIDRs[0];
  if (status?.capacity !== undefined) status.allocatable ??= { ...status.capacity };
}

function statusText({ spec, status }: V1Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word;
}

function rolesText({ metadata: { labels = {} } }: V1Node): string {
  const prefix = 'node-role.kubernetes.io/';
  const named = Object.keys(labels).flatMap((key) => (key.startsWith(prefix) && key !== prefix ? [key.slice(prefix.length)] : []));
  const own = labels['kubernetes.io/role'];
  return list([...new Set([...named, ...(own ? [own] : [])])].sort());
}

function kernelText({ status }: V1Node): string {
  const { kernelVersion, architecture } = status?.nodeInfo ?? {};
  return `${kernelVersion || '<unknown>'}${architecture ? ` (${architecture})` : ''}`;
}

const addressOf = (node: V1Node, type: string) => node.status?.addresses?.find((address) => address.type === type)?.address ?? '<none>';

const COLUMNS: readonly Column[] = [
  nameColumn,
  column<V1Node>('Status', statusText),
  column<V1Node>('Roles', rolesText),
  ageColumn,
  column<V1Node>('Version', ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''),
  column<V1Node>('Internal-IP', (node) => addressOf(node, 'InternalIP'), 1),
  column<V1Node>('External-IP', (node) => addressOf(node, 'ExternalIP'), 1),
  column<V1Node>('OS-Image', ({ status }) => status?.nodeInfo?.osImage || '<unknown>', 1),
  column<V1Node>('Kernel-Version', kernelText, 1),
  column<V1Node>('Container-Runtime', ({ status }) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>', 1),
];

export const NODE = strategy<V1Node>({
  bringsStatus: true,
  setDefaults,
  prepareCreate: (node) => {
    // A node's configuration is no longer the API's.
    if (node.spec?.configSource !== undefined) {
      const { configSource: _, ...spec } = node.spec;
      node.spec = spec;
    }
  },
  prepareUpdate: (node, old) => {
    if (node.spec?.configSource === undefined || old.spec?.configSource !== undefined) return;
    const { configSource: _, ...spec } = node.spec;
    node.spec = spec;
  },
  validate: validateNode,
  validateStatus: validateNodeStatus,
  warnings: ({ spec = {} }) => [
    ...(spec.configSource === undefined ? [] : ['spec.configSource: the feature is removed']),
    ...(spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
  ],
  columns: COLUMNS,
});
