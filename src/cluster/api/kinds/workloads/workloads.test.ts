import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyDefaults, type KubeObject, prepareForCreate, prepareForUpdate, toTable, type V1DaemonSet, type V1Job, type V1StatefulSet } from '../../index.ts';
import { checkRows, createErrors, golden, resourceOf, type Row, set, statusErrors, updateErrors } from '../testkit/rules.ts';

const rows = checkRows;
const updates = (base: KubeObject, list: readonly Row[]) => checkRows(base, list, (changed) => updateErrors(base, changed));
const statuses = (base: KubeObject, list: readonly Row[]) => checkRows(base, list, (changed) => statusErrors(base, changed));
const cells = (object: KubeObject) =>
  toTable(resourceOf(object), [object], { now_ms: Date.parse('2026-01-01T00:10:00Z'), includeObject: 'None' }).rows[0]?.cells;
const ALWAYS = 'Unsupported value: "Never": supported values: "Always"';

test('a Deployment', () => {
  const base = golden('apps/v1 Deployment');
  rows(base, [
    ['spec.selector', undefined, 'spec.selector: Required value'],
    ['spec.selector', {}, 'spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ['spec.selector', { matchLabels: { app: 'a b' } }, 'spec.selector.matchLabels: Invalid value: "a b": a valid label must be an empty string…'],
    [
      'spec.selector',
      { matchExpressions: [{ key: 'a', operator: 'Like' }] },
      'spec.selector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
    ],
    ['spec.template.metadata.labels', { app: 'x' }, 'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`'],
    ['spec.template.spec.restartPolicy', 'Never', `spec.template.spec.restartPolicy: ${ALWAYS}`],
    [
      'spec.template.spec.activeDeadlineSeconds',
      5,
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
    ],
    ['spec.progressDeadlineSeconds', 5, 'spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds'],
    [
      'spec.strategy',
      { type: 'Recreate', rollingUpdate: {} },
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ],
    [
      'spec.strategy',
      { type: 'Slow' },
      'spec.strategy: Unsupported value: {"Type":"Slow","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
    ],
    [
      'spec.strategy.rollingUpdate',
      { maxSurge: 0, maxUnavailable: '0%' },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
    ],
    ['spec.strategy.rollingUpdate.maxUnavailable', '101%', 'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    [
      'spec.strategy.rollingUpdate.maxSurge',
      'some',
      "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"some\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
  ]);
  updates(base, [
    ['spec.selector', { matchLabels: { app: 'web' } }, 'spec.selector: Invalid value: {"matchLabels":{"app":"web"}}: field is immutable'],
    ['spec.template.spec.containers.0.image', 'web:2'],
  ]);
  statuses(base, [
    ['status.availableReplicas', 3, 'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas'],
    ['status.readyReplicas', 4, 'status.readyReplicas: Invalid value: 4: cannot be greater than status.replicas'],
    ['status.collisionCount', 0, 'status.collisionCount: Invalid value: 0: cannot be decremented'],
  ]);
  const resource = resourceOf(base);
  const old = { ...base, metadata: { ...base.metadata, generation: 3, labels: { a: 'b' } } };
  assert.equal(prepareForUpdate(resource, set(old, 'metadata.annotations', { other: 'one' }), old).metadata.generation, 4, 'annotations count');
  assert.equal(prepareForUpdate(resource, set(old, 'metadata.labels', {}), old).metadata.generation, 3);
  assert.deepEqual(prepareForUpdate(resource, set(old, 'metadata.labels', { c: 'd' }), old, 'status').metadata.labels, { a: 'b' });
});

test('ReplicaSets and ReplicationControllers', () => {
  const set1 = golden('apps/v1 ReplicaSet');
  rows(set1, [
    ['spec.replicas', -1, 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    [
      'spec.template.spec.ephemeralContainers',
      [{ name: 'e', image: 'i' }],
      'spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template',
    ],
  ]);
  statuses(set1, [['status.fullyLabeledReplicas', 9, 'status.fullyLabeledReplicas: Invalid value: 9: cannot be greater than status.replicas']]);
  const controller = golden('v1 ReplicationController');
  rows(controller, [
    ['spec.selector', { app: 'other' }, 'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
    ['spec.selector', undefined],
    ['spec.template', undefined, 'spec.template: Required value'],
    [
      'spec.template.spec.activeDeadlineSeconds',
      5,
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported',
    ],
  ]);
  const { spec, metadata } = applyDefaults(
    resourceOf(controller),
    set(set(controller, 'spec.selector', undefined), 'metadata.labels', undefined),
  ) as typeof controller & {
    spec: { selector: object };
  };
  assert.deepEqual([spec.selector, metadata.labels], [{ app: 'web' }, { app: 'web' }]);
});

test('a StatefulSet', () => {
  const base = golden('apps/v1 StatefulSet');
  rows(base, [
    ['metadata.name', 'a.b', 'metadata.name: Invalid value: "a.b": must not contain dots'],
    ['spec.podManagementPolicy', 'Any', "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'"],
    [
      'spec.updateStrategy',
      { type: 'OnDelete', rollingUpdate: {} },
      "spec.updateStrategy.rollingUpdate: Invalid value: {}: only allowed for updateStrategy 'RollingUpdate'",
    ],
    [
      'spec.updateStrategy',
      { type: 'Slow' },
      'spec.updateStrategy: Invalid value: {"Type":"Slow","RollingUpdate":null}: must be \'RollingUpdate\' or \'OnDelete\'',
    ],
    ['spec.updateStrategy.rollingUpdate.partition', -1, 'spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0'],
    [
      'spec.persistentVolumeClaimRetentionPolicy.whenScaled',
      'Keep',
      'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": supported values: "Retain", "Delete"',
    ],
    ['spec.volumeClaimTemplates.0.spec.accessModes', [], 'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required'],
    ['spec.serviceName', 'a.b', 'spec.serviceName: Invalid value: "a.b": must not contain dots'],
    ['spec.ordinals.start', -1, 'spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0'],
    ['spec.selector', {}, 'spec.selector: Invalid value: {}: empty selector is invalid for statefulset'],
    ['spec.template.spec.hostname', 'not A name'],
  ]);
  updates(set(base, 'spec.updateStrategy.rollingUpdate.maxUnavailable', 1), [
    ['spec.updateStrategy.rollingUpdate.maxUnavailable', 0, 'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0'],
  ]);
  const words =
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  updates(base, [
    ['spec.serviceName', 'other', words],
    ['spec.volumeClaimTemplates.0.spec.resources.requests.storage', '2Gi', words],
    ['spec.volumeClaimTemplates.0.spec.resources.requests.storage', '1024Mi'],
    ['spec.replicas', 5],
    ['spec.persistentVolumeClaimRetentionPolicy.whenScaled', 'Delete'],
  ]);
  statuses(base, [['status.currentReplicas', 3, 'status.currentReplicas: Invalid value: 3: cannot be greater than status.replicas']]);
  const plain = set(base, 'spec', { selector: { matchLabels: { app: 'db' } }, template: (base as V1StatefulSet).spec?.template, serviceName: 'db' });
  const { spec } = applyDefaults(resourceOf(plain), plain) as V1StatefulSet; // a StatefulSet
  assert.deepEqual(
    [spec?.replicas, spec?.podManagementPolicy, spec?.updateStrategy, spec?.persistentVolumeClaimRetentionPolicy, spec?.revisionHistoryLimit],
    [1, 'OrderedReady', { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, { whenDeleted: 'Retain', whenScaled: 'Retain' }, 10],
  );
  assert.deepEqual(cells(base)?.slice(1, 2), ['1/2']);
});

test('a DaemonSet', () => {
  const base = golden('apps/v1 DaemonSet');
  rows(base, [
    ['spec.selector', {}, 'spec.selector: Invalid value: {}: empty selector is invalid for daemonset'],
    [
      'spec.updateStrategy.rollingUpdate',
      { maxSurge: 1 },
      'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
    ],
    [
      'spec.updateStrategy.rollingUpdate',
      { maxUnavailable: 0 },
      'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
    ],
    ['spec.template.spec.activeDeadlineSeconds', 5, 'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported'],
  ]);
  updates(base, [['spec.selector', { matchLabels: { other: 'x' } }, 'spec.selector: Invalid value: {"matchLabels":{"other":"x"}}: field is immutable']]);
  statuses(base, [['status.numberReady', -1, 'status.numberReady: Invalid value: -1: must be greater than or equal to 0']]);
  const resource = resourceOf(base);
  const first = prepareForCreate(resource, applyDefaults(resource, base));
  const key = 'deprecated.daemonset.template.generation';
  assert.equal(first.metadata.annotations?.[key], '1');
  const changed = prepareForUpdate(resource, set(first, 'spec.template.spec.containers.0.image', 'agent:2'), first) as V1DaemonSet; // made of one
  assert.equal(changed.metadata.annotations?.[key], '2');
  assert.deepEqual(cells(base)?.slice(1, 7), [1, 1, 1, 1, 1, 'kubernetes.io/os=linux']);
});

test('a Job', () => {
  const base = golden('batch/v1 Job');
  rows(base, [
    ['spec.template.spec.restartPolicy', 'Always', 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    [
      'spec.template.spec.restartPolicy',
      'OnFailure',
      'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
    ],
    ['spec.completions', undefined, 'spec.completions: Required value: when completion mode is Indexed'],
    ['spec.completionMode', 'NonIndexed', 'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode'],
    ['spec.completionMode', 'Some', 'spec.completionMode: Unsupported value: "Some": supported values: "NonIndexed", "Indexed"'],
    ['spec.parallelism', 100_001, 'spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed'],
    ['spec.maxFailedIndexes', 6, 'spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions'],
    ['spec.backoffLimitPerIndex', undefined, 'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified'],
    ['spec.managedBy', 'me', 'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
    ['spec.podReplacementPolicy', 'TerminatingOrFailed', 'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
    ['spec.podFailurePolicy.rules.0.onExitCodes.values', [42, 1], 'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [42,1]: must be ordered'],
    [
      'spec.podFailurePolicy.rules.0.onExitCodes.values',
      [0],
      'spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator',
    ],
    [
      'spec.podFailurePolicy.rules.0.onExitCodes.containerName',
      'x',
      'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template',
    ],
    [
      'spec.podFailurePolicy.rules.0',
      { action: 'Ignore' },
      'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
    ],
    [
      'spec.podFailurePolicy.rules.1.action',
      '',
      'spec.podFailurePolicy.rules[1].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
    ],
    [
      'spec.successPolicy.rules.0.succeededIndexes',
      '3-1',
      'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "3-1": error parsing succeededIndexes: non-increasing order, previous: 3, current: 1',
    ],
    [
      'spec.successPolicy.rules.0.succeededCount',
      5,
      'spec.successPolicy.rules[0].succeededCount: Invalid value: 5: must be less than or equal to 4 (the number of indexes in the specified succeededIndexes field)',
    ],
    [
      'metadata.name',
      'x'.repeat(62),
      `metadata.name: Invalid value: "${'x'.repeat(62)}": will not able to create pod with invalid DNS label: ${'x'.repeat(62)}-4`,
    ],
  ]);
  updates(base, [
    ['spec.completions', 4, 'spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism'],
    ['spec.completionMode', 'NonIndexed', 'spec.completionMode: Invalid value: "NonIndexed": field is immutable'],
    ['spec.template.spec.containers.0.image', 'x', 'spec.template: Invalid value: …'],
    ['spec.parallelism', 3],
    ['spec.suspend', true],
  ]);
  const idle = set(set(set(base, 'spec.suspend', true), 'status.startTime', undefined), 'status.active', 0);
  updates(idle, [
    ['spec.template.spec.nodeSelector', { a: 'b' }],
    ['spec.template.spec.containers.0.resources', { requests: { cpu: '1' } }],
    ['spec.template.spec.containers.0.image', 'x', 'spec.template.spec: Invalid value: …'],
  ]);
  assert.deepEqual(cells(base)?.slice(1, 4), ['Running', '2/5', '10m']);
});

test("a Job's Pods are its own, unless its maker selects them", () => {
  const uid = '11111111-2222-3333-4444-555555555555';
  const plain = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j', uid },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
  };
  const resource = resourceOf(plain);
  const { spec, status } = prepareForCreate(resource, applyDefaults(resource, plain)) as V1Job; // a Job
  assert.deepEqual(spec?.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } });
  assert.deepEqual(spec?.template.metadata?.labels, {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': 'j',
    'controller-uid': uid,
    'job-name': 'j',
  });
  assert.deepEqual(
    [spec?.completions, spec?.parallelism, spec?.backoffLimit, spec?.completionMode, spec?.podReplacementPolicy, status],
    [1, 1, 6, 'NonIndexed', 'TerminatingOrFailed', {}],
  );
  const labelsOf = (labels?: Record<string, string>) => {
    const object = {
      ...plain,
      metadata: { ...plain.metadata, ...(labels && { labels }) },
      spec: { ...plain.spec, template: { ...plain.spec.template, metadata: { labels: { a: 'b' } } } },
    };
    const resource = resourceOf(object);
    return Object.keys(prepareForCreate(resource, applyDefaults(resource, object as KubeObject)).metadata.labels ?? {}).sort();
  };
  assert.deepEqual(labelsOf({ a: 'b' }), ['a']);
  assert.deepEqual(labelsOf(), ['a', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name', 'controller-uid', 'job-name']);
  const label = 'spec.template.metadata.labels';
  checkRows(plain, [
    [
      'spec.template.metadata',
      { labels: { 'job-name': 'other' } },
      `${label}[job-name]: Invalid value: {"job-name":"other","batch.kubernetes.io/job-name":"j","controller-uid":"${uid}","batch.kubernetes.io/controller-uid":"${uid}"}: must be 'j'`,
    ],
    ['spec.manualSelector', true, 'spec.selector: Required value'],
    [
      'spec.selector',
      { matchLabels: { a: 'b' } },
      `spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"${uid}","a":"b"}}: \`selector\` not auto-generated`,
    ],
  ]);
});

test("a Job's status goes on", () => {
  const base = golden('batch/v1 Job');
  const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' });
  statuses(base, [
    ['status.failed', 0, 'status.failed: Invalid value: 0: cannot decrease the failed counter'],
    ['status.ready', 2, 'status.ready: Invalid value: 2: cannot set more ready pods than active'],
    ['status.completedIndexes', '7', 'status.completedIndexes: Invalid value: "7": error parsing completedIndexes: too large index: "7"'],
    ['status.failedIndexes', '0-1', 'status.failedIndexes: Invalid value: "0-1": failedIndexes and completedIndexes overlap at index: 0'],
    ['status.startTime', '2026-01-02T00:00:00Z', 'status.startTime: Invalid value: "2026-01-02T00:00:00Z": field is immutable for unsuspended job once set'],
    [
      'status.conditions',
      [condition('Complete')],
      'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ],
    ['status.conditions', [condition('Complete'), condition('SuccessCriteriaMet')], 'status.active: Invalid value: 1: active>0 is invalid for finished job'],
    ['status.conditions', [condition('Failed')], 'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition'],
    [
      'status.completionTime',
      '2026-01-02T00:00:00Z',
      'status.completionTime: Invalid value: "2026-01-02T00:00:00Z": cannot set completionTime when there is no Complete=True condition',
    ],
    ['status.uncountedTerminatedPods', { failed: ['a'], succeeded: ['a'] }, 'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"'],
  ]);
  const ended = { ...(base as V1Job).status, active: 0, ready: 0, completionTime: '2026-01-01T01:00:00Z', uncountedTerminatedPods: {} };
  assert.deepEqual(statusErrors(base, set(base, 'status', { ...ended, conditions: [condition('Complete'), condition('SuccessCriteriaMet')] })), []);
});

test('a CronJob', () => {
  const base = golden('batch/v1 CronJob');
  const schedule = (text: string, why: string): Row => ['spec.schedule', text, `spec.schedule: Invalid value: ${JSON.stringify(text)}: ${why}`];
  rows(base, [
    ['spec.schedule', '', 'spec.schedule: Required value'],
    ['spec.schedule', '*/5 0-23/2 1,15 JAN-dec ?'],
    ['spec.schedule', '@every 1h30m'],
    ['spec.schedule', '@daily'],
    schedule('* * * *', 'expected exactly 5 fields, found 4: [* * * *]'),
    schedule('60 * * * *', 'end of range (60) above maximum (59): 60'),
    schedule('* * 0 * *', 'beginning of range (0) below minimum (1): 0'),
    schedule('5-3 * * * *', 'beginning of range (5) beyond end of range (3): 5-3'),
    schedule('*/0 * * * *', 'step of range should be a positive number: */0'),
    schedule('1/2/3 * * * *', 'too many slashes: 1/2/3'),
    schedule('1-2-3 * * * *', 'too many hyphens: 1-2-3'),
    schedule('* * * * xyz', 'failed to parse int from xyz: strconv.Atoi: parsing "xyz": invalid syntax'),
    schedule('@often', 'unrecognized descriptor: @often'),
    schedule('@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'),
    schedule('TZ=UTC * * * * *', 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'),
    ['spec.timeZone', 'Etc/UTC'],
    ['spec.timeZone', '', 'spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'],
    ['spec.timeZone', 'Mars/Base', 'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'],
    ['spec.timeZone', 'europe/vienna', 'spec.timeZone: Invalid value: "europe/vienna": unknown time zone europe/vienna'],
    ['spec.timeZone', 'Local', 'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'],
    ['spec.concurrencyPolicy', 'Maybe', 'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"'],
    ['spec.jobTemplate.spec.selector', {}, 'spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated'],
    ['spec.jobTemplate.spec.manualSelector', true, 'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"'],
    [
      'spec.jobTemplate.spec.template.spec.restartPolicy',
      undefined,
      'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
    ['metadata.name', 'x'.repeat(53), `metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`],
  ]);
  assert.deepEqual(cells(base)?.slice(1, 6), ['15 3 * * mon-fri', 'Europe/Vienna', 'False', 1, '10m']);
});

test('a PodDisruptionBudget', () => {
  const base = golden('policy/v1 PodDisruptionBudget');
  rows(base, [
    [
      'spec.minAvailable',
      1,
      'spec: Invalid value: {"MinAvailable":1,"Selector":{"matchLabels":{"app":"web"}},"MaxUnavailable":"25%","UnhealthyPodEvictionPolicy":"AlwaysAllow"}: minAvailable and maxUnavailable cannot be both set',
    ],
    ['spec.maxUnavailable', '150%', 'spec.maxUnavailable: Invalid value: "150%": must not be greater than 100%'],
    ['spec.unhealthyPodEvictionPolicy', 'X', 'spec.unhealthyPodEvictionPolicy: Unsupported value: "X": supported values: "AlwaysAllow", "IfHealthyBudget"'],
  ]);
  statuses(base, [
    ['status.conditions.0.reason', '1', 'status.conditions[0].reason: Invalid value: "1": a condition reason must start with alphabetic character…'],
    ['status.conditions.0.lastTransitionTime', undefined, 'status.conditions[0].lastTransitionTime: Required value'],
    ['status.expectedPods', -1, 'status.expectedPods: Invalid value: -1: must be greater than or equal to 0'],
  ]);
  assert.deepEqual(cells(base)?.slice(1, 4), ['N/A', '25%', 1]);
});

test('autoscalers', () => {
  const base = golden('autoscaling/v2 HorizontalPodAutoscaler');
  rows(base, [
    ['spec.maxReplicas', 0, 'spec.maxReplicas: Required value: must be set and greater than 0'],
    ['spec.maxReplicas', 1, 'spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`'],
    ['spec.minReplicas', 0, 'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1'],
    ['spec.scaleTargetRef.kind', 'a/b', 'spec.scaleTargetRef.kind: Invalid value: "a/b": may not contain \'/\''],
    ['spec.scaleTargetRef.apiVersion', 'v1', 'spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group'],
    [
      'spec.metrics.0',
      { type: 'Pods', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 1 } } },
      'spec.metrics[0].pods: Required value: must populate information for the given metric source',
    ],
    [
      'spec.metrics.0.resource.target',
      { type: 'Sum', averageUtilization: 0 },
      'spec.metrics[0].resource.target.type: Invalid value: "Sum": must be either Utilization, Value, or AverageValue',
    ],
    [
      'spec.metrics.0.resource.target',
      { type: 'Utilization' },
      'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
    ],
    [
      'spec.metrics.0.type',
      'Weather',
      'spec.metrics[0].type: Unsupported value: "Weather": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
    ],
    ['spec.metrics.4.external.metric', {}, 'spec.metrics[4].external.metric.name: Required value: must specify a metric name'],
    [
      'spec.behavior.scaleUp.stabilizationWindowSeconds',
      3601,
      'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
    ],
    [
      'spec.behavior.scaleDown.policies.0.periodSeconds',
      1801,
      'spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
    ],
  ]);
  statuses(base, [['status.desiredReplicas', -1, 'status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0']]);
  assert.deepEqual(cells(base)?.slice(1, 6), ['Deployment/web', 'cpu: 90%/70%, memory: <unknown>/200Mi + 3 more...', '2', 5, 2]);
  assert.deepEqual(cells(golden('autoscaling/v1 HorizontalPodAutoscaler'))?.slice(2, 3), ['cpu: 90%/70%']);
});

test('a ControllerRevision holds an object, for ever', () => {
  const base = golden('apps/v1 ControllerRevision');
  rows(base, [
    ['data', undefined, 'data: Required value: data is mandatory'],
    ['data', [1], 'data: Required value: data must be a valid JSON object'],
    ['revision', -1, 'revision: Invalid value: -1: must be greater than or equal to 0'],
  ]);
  updates(base, [['data', { other: true }, 'data: Invalid value: {"other":true}: field is immutable']]);
  assert.deepEqual(cells(base)?.slice(1, 3), ['statefulset.apps/web', 3]);
  assert.deepEqual(createErrors(golden('v1 PodTemplate')), []);
});

test('a selector that cannot be asked is shown as Kubernetes shows it, and no template is measured by it', () => {
  const base = set(golden('apps/v1 ReplicaSet'), 'spec.selector', { matchLabels: { b: 'x', a: 'y z' } });
  assert.deepEqual(
    createErrors(base).filter((error) => error.includes('spec.selector:') || error.includes('does not match')),
    ['spec.selector: Invalid value: {"matchLabels":{"a":"y z","b":"x"}}: invalid label selector'],
  );
  const odd = set(base, 'spec.selector', { matchExpressions: [{ operator: 'Near' }] });
  assert.ok(createErrors(odd).includes('spec.selector: Invalid value: {"matchExpressions":[{"key":"","operator":"Near"}]}: invalid label selector'));
});

test('what Kubernetes has switched off is taken off, unless it stands already', () => {
  const off: readonly (readonly [name: string, path: string, value: unknown])[] = [
    ['v1 Pod', 'spec.schedulingGroup', { podGroupName: 'g' }],
    ['apps/v1 Deployment', 'spec.template.spec.schedulingGroup', { podGroupName: 'g' }],
    ['apps/v1 StatefulSet', 'spec.updateStrategy.rollingUpdate.maxUnavailable', 2],
    ['batch/v1 CronJob', 'spec.jobTemplate.spec.template.spec.containers.0.lifecycle', { stopSignal: 'SIGTERM' }],
  ];
  const at = (object: KubeObject, path: string) => path.split('.').reduce((found: unknown, field) => Reflect.get(Object(found), field), object);
  for (const [name, path, value] of off) {
    const plain = golden(name);
    const asked = set(plain, path, value);
    const resource = resourceOf(plain);
    assert.equal(at(prepareForCreate(resource, asked), path), undefined, name);
    assert.equal(at(prepareForUpdate(resource, asked, set(plain, path, undefined)), path), undefined, name);
    assert.deepEqual(at(prepareForUpdate(resource, asked, asked), path), value, name);
    assert.deepEqual(at(asked, path), value, name);
  }
});
