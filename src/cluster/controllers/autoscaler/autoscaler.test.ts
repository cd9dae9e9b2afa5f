import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1Pod, V2HorizontalPodAutoscalerSpec } from '#cluster/api';
import { behaviorOf, limit, type Memory } from './behavior.ts';
import { durationMs, type PodUsage } from './metrics.ts';
import { recommend } from './replicas.ts';

const NOW = Date.parse('2026-01-01T01:00:00Z');
type State = 'ready' | 'unready' | 'pending' | 'missing' | 'ending';
function usage(name: string, used_millicores: number, state: State = 'ready', request = '100m'): PodUsage {
  const since = state === 'unready' ? '2026-01-01T00:59:50Z' : '2026-01-01T00:00:00Z';
  const pod: V1Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...(state === 'ending' ? { deletionTimestamp: 'x' } : {}) },
    spec: { containers: [{ name: 'c', resources: request === '' ? {} : { requests: { cpu: request } } }] },
    status: {
      phase: state === 'pending' ? 'Pending' : 'Running',
      startTime: since,
      conditions: [{ type: 'Ready', status: state === 'unready' ? 'False' : 'True', lastTransitionTime: since }],
    },
  };
  return { pod, usage: state === 'missing' || state === 'pending' ? undefined : BigInt(used_millicores), timestamp_ms: NOW, window_ms: 15_000 };
}
const all = (...used: readonly (number | [number, State])[]) =>
  used.map((one, index) => (typeof one === 'number' ? usage(`p${index}`, one) : usage(`p${index}`, ...one)));
const target = { type: 'Utilization', averageUtilization: 50 };

for (const [what, usages, expected] of [
  ['twice the target', all(100, 100, 100), 6],
  ['half the target', all(25, 25, 25, 25), 2],
  ['within tolerance', all(54, 54, 54), 3],
  ['just beyond it', all(56, 56, 56), 4],
  ['young Pods count as idle when growing', all(100, [100, 'unready'], [0, 'pending']), 3],
  ['young Pods hold nothing back when shrinking', all(10, 10, [0, 'unready']), 1],
  ['Pods without figures count as busy when shrinking', all(25, 25, [0, 'missing']), 3],
  ['Pods without figures count as idle when growing', all(150, 150, [0, 'missing']), 6],
  ['Pods that end do not count', all(100, [1000, 'ending']), 2],
] as const) {
  test(`an autoscaler and ${what}`, () => {
    const result = recommend({
      current: usages.filter(({ pod }) => !pod.metadata.deletionTimestamp).length,
      resource: 'cpu',
      target,
      usages,
      tolerance: { up: 0.1, down: 0.1 },
      now_ms: NOW,
    });
    assert.equal(result.ok && result.recommendation.replicas, expected);
  });
}
test('a container without a request is named', () => {
  const result = recommend({ current: 1, resource: 'cpu', target, usages: [usage('p', 10, 'ready', '')], tolerance: { up: 0.1, down: 0.1 }, now_ms: NOW });
  assert.deepEqual(result, { ok: false, message: 'failed to get cpu utilization: missing request for cpu in container c of Pod p' });
});
test('an average value', () => {
  const result = recommend({
    current: 2,
    resource: 'cpu',
    target: { type: 'AverageValue', averageValue: '50m' },
    usages: all(100, 100),
    tolerance: { up: 0.1, down: 0.1 },
    now_ms: NOW,
  });
  assert.equal(result.ok && result.recommendation.replicas, 4);
});

const spec = (more: Partial<V2HorizontalPodAutoscalerSpec> = {}): V2HorizontalPodAutoscalerSpec => ({
  scaleTargetRef: { kind: 'Deployment', name: 'd' },
  minReplicas: 3,
  maxReplicas: 20,
  ...more,
});
const memory = (...recommendations: readonly [number, number][]): Memory => ({
  recommendations: recommendations.map(([ago_s, replicas]) => ({ at_ms: NOW - ago_s * 1000, replicas })),
  ups: [],
  downs: [],
});
for (const [what, recommended, current, given, remembered, replicas, reason] of [
  ['grows within the pace', 8, 5, spec(), memory(), 8, 'DesiredWithinRange'],
  ['grows at most twofold at a time', 20, 5, spec(), memory(), 10, 'ScaleUpLimit'],
  ['grows to the maximum', 30, 15, spec(), memory(), 20, 'TooManyReplicas'],
  ['waits before it shrinks', 3, 8, spec(), memory([60, 8]), 8, 'DesiredWithinRange'],
  ['shrinks after the window', 4, 8, spec(), memory([301, 8], [100, 5]), 5, 'DesiredWithinRange'],
  ['shrinks to the minimum', 1, 8, spec(), memory([301, 8]), 3, 'TooFewReplicas'],
  [
    'shrinks by the policy',
    3,
    10,
    spec({ behavior: { scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] } } }),
    memory(),
    8,
    'ScaleDownLimit',
  ],
  [
    'never shrinks when that is off',
    3,
    10,
    spec({ behavior: { scaleDown: { stabilizationWindowSeconds: 0, selectPolicy: 'Disabled' } } }),
    memory(),
    10,
    'ScaleDownLimit',
  ],
  ['waits before it grows when asked to', 9, 5, spec({ behavior: { scaleUp: { stabilizationWindowSeconds: 60 } } }), memory([30, 5]), 5, 'DesiredWithinRange'],
] as const) {
  test(`a size ${what}`, () => {
    const limited = limit(recommended, current, given, behaviorOf(given, 300_000), remembered, NOW);
    assert.deepEqual([limited.replicas, limited.limit.reason], [replicas, reason]);
  });
}
test('changes within the period count against the pace', () => {
  const given = spec();
  const remembered: Memory = { recommendations: [], ups: [{ at_ms: NOW - 5000, count: 5 }], downs: [] };
  assert.equal(limit(20, 10, given, behaviorOf(given, 0), remembered, NOW).replicas, 10);
});
test('durations', () => assert.deepEqual(['15s', '1m30s', '1h', '500ms', ''].map(durationMs), [15_000, 90_000, 3_600_000, 500, 0]));
