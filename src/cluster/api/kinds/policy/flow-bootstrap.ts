import type { V1FlowSchemaSpec, V1PriorityLevelConfigurationSpec } from '../../generated/types.ts';
import type { KubeObject } from '../../types.ts';

type Rule = NonNullable<V1FlowSchemaSpec['rules']>[number];
type Subject = Rule['subjects'][number];
const GROUP_VERSION = 'flowcontrol.apiserver.k8s.io/v1';
/** The server keeps these as they should be, as long as nobody says otherwise. */
const annotations = { 'apf.kubernetes.io/autoupdate-spec': 'true' };
const EVERYBODY = groups('system:unauthenticated', 'system:authenticated');
const ALL = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] };
const ANY_PATH = { verbs: ['*'], nonResourceURLs: ['*'] };
const LEASES = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] };

function groups(...names: readonly string[]): Subject[] {
  return names.map((name) => ({ kind: 'Group', group: { name } }));
}
function users(...names: readonly string[]): Subject[] {
  return names.map((name) => ({ kind: 'User', user: { name } }));
}
const KUBE_SYSTEM: Subject[] = [{ kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } }];
const everything = (subjects: Subject[]): Rule => ({ subjects, resourceRules: [ALL], nonResourceRules: [ANY_PATH] });

function limited(shares: number, lendablePercent: number, queuing?: { queues: number; handSize: number; queueLengthLimit: number }) {
  const limitResponse = queuing === undefined ? { type: 'Reject' } : { type: 'Queue', queuing };
  return { type: 'Limited', limited: { nominalConcurrencyShares: shares, lendablePercent, limitResponse } };
}
const small = { queues: 64, handSize: 6, queueLengthLimit: 50 };
const wide = { queues: 128, handSize: 6, queueLengthLimit: 50 };

/** What may not be otherwise; of `exempt` its own part may. */
export const FIXED_LEVELS: Readonly<Record<string, V1PriorityLevelConfigurationSpec>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': limited(5, 0),
};
const SUGGESTED_LEVELS: Readonly<Record<string, V1PriorityLevelConfigurationSpec>> = {
  system: limited(30, 33, small),
  'node-high': limited(40, 25, small),
  'leader-election': limited(10, 0, { queues: 16, handSize: 4, queueLengthLimit: 50 }),
  'workload-high': limited(40, 50, wide),
  'workload-low': limited(100, 90, wide),
  'global-default': limited(20, 50, wide),
};

function schema(level: string, matchingPrecedence: number, by: '' | 'ByUser' | 'ByNamespace', ...rules: Rule[]): V1FlowSchemaSpec {
  return { priorityLevelConfiguration: { name: level }, matchingPrecedence, ...(by === '' ? {} : { distinguisherMethod: { type: by } }), rules };
}

/** What may not be otherwise. */
export const FIXED_SCHEMAS: Readonly<Record<string, V1FlowSchemaSpec>> = {
  exempt: schema('exempt', 1, '', everything(groups('system:masters'))),
  'catch-all': schema('catch-all', 10_000, 'ByUser', everything(EVERYBODY)),
};
const SUGGESTED_SCHEMAS: Readonly<Record<string, V1FlowSchemaSpec>> = {
  'system-nodes': schema('system', 500, 'ByUser', everything(groups('system:nodes'))),
  'system-node-high': schema('node-high', 400, 'ByUser', {
    subjects: groups('system:nodes'),
    resourceRules: [
      { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: ['*'] },
      { verbs: ['*'], ...LEASES },
    ],
  }),
  probes: schema('exempt', 2, '', { subjects: EVERYBODY, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] }),
  'system-leader-election': schema('leader-election', 100, 'ByUser', {
    subjects: [...users('system:kube-controller-manager', 'system:kube-scheduler'), ...KUBE_SYSTEM],
    resourceRules: [{ verbs: ['get', 'create', 'update'], ...LEASES }],
  }),
  'kube-controller-manager': schema('workload-high', 800, 'ByNamespace', everything(users('system:kube-controller-manager'))),
  'kube-scheduler': schema('workload-high', 800, 'ByNamespace', everything(users('system:kube-scheduler'))),
  'kube-system-service-accounts': schema('workload-high', 900, 'ByNamespace', everything(KUBE_SYSTEM)),
  'service-accounts': schema('workload-low', 9_000, 'ByUser', everything(groups('system:serviceaccounts'))),
  'global-default': schema('global-default', 9_900, 'ByUser', everything(EVERYBODY)),
};

/** What every cluster has of flow control at its start. */
export function flowControlObjects(): readonly KubeObject[] {
  const objects = (kind: string, specs: Readonly<Record<string, object>>) =>
    Object.entries(specs).map(([name, spec]) => ({ apiVersion: GROUP_VERSION, kind, metadata: { name, annotations }, spec }));
  return [
    ...objects('PriorityLevelConfiguration', { ...FIXED_LEVELS, ...SUGGESTED_LEVELS }),
    ...objects('FlowSchema', { ...FIXED_SCHEMAS, ...SUGGESTED_SCHEMAS }),
  ];
}
