import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { V1Pod } from '#cluster/api';
import type { RuntimeContainer } from '../types.ts';
import { decide } from './decide.ts';
import { podStatus } from './pod-status.ts';
import type { ContainerRole, ContainerView, PodView } from './view.ts';

const NOW_MS = Date.parse('2026-01-01T00:10:00Z');

function run(state: RuntimeContainer['state'], attempt = 0, container = 'main'): RuntimeContainer {
  const owner = { podUid: 'u', podNamespace: 'default', podName: 'web' };
  return { id: `${container}-${attempt}`, ...owner, container, attempt, image: 'x', imageId: 'i', created_ms: 0, state };
}
const running = (attempt = 0, container = 'main') => run({ status: 'running', startedAt_ms: NOW_MS - 5000 }, attempt, container);
const exited = (exitCode: number, ago_ms = 0, attempt = 0, container = 'main') =>
  run({ status: 'exited', exitCode, oomKilled: false, startedAt_ms: 0, finishedAt_ms: NOW_MS - ago_ms }, attempt, container);

function container(more: Partial<ContainerView> = {}): ContainerView {
  const runs = more.runs ?? [];
  const name = more.name ?? 'main';
  const nextAttempt = runs[0] === undefined ? 0 : runs[0].attempt + 1;
  return { name, role: 'main', spec: { name, image: 'x' }, runs, busy: undefined, started: true, ready: true, nextAttempt, ...more };
}
function view(containers: readonly ContainerView[], more: Partial<PodView> = {}, spec: object = {}, metadata: object = {}): PodView {
  const pod: V1Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: 'u', ...metadata },
    spec: { containers: [], ...spec },
  };
  return { pod, now_ms: NOW_MS, refusals: [], sandbox: { state: 'ready', address: '10.0.0.2' }, tearDown: 'none', gone: false, containers, ...more };
}
const deleted = { deletionTimestamp: '2026-01-01T00:10:30Z', deletionGracePeriodSeconds: 30 };

function check(given: PodView, expected: readonly string[], wakeAfter_ms?: number): void {
  const { actions, wakeAt_ms } = decide(given);
  const words = actions.map((action) => {
    if (action.kind === 'start') return `start ${action.container}/${action.attempt}`;
    if (action.kind === 'stop') return `stop ${action.container} ${action.grace_seconds}${action.drain ? ' drain' : ''}`;
    if (action.kind === 'tear-down') return `tear-down ${action.wholly ? 'all' : 'network'}`;
    return [action.kind, 'container' in action ? action.container : 'id' in action ? action.id : ''].join(' ').trim();
  });
  assert.deepEqual(words, expected);
  assert.equal(wakeAt_ms === undefined ? undefined : wakeAt_ms - NOW_MS, wakeAfter_ms);
}

suite('what is to be done about a Pod', () => {
  test('the sandbox comes first', () => {
    check(view([container()], { sandbox: { state: 'none' } }), ['set-up']);
    check(view([container()], { sandbox: { state: 'busy' } }), []);
    check(view([container()], { sandbox: { state: 'waiting', until_ms: NOW_MS + 500, message: '' } }), [], 500);
    check(view([container()], { refusals: ['spec.hostPID'] }), []);
  });
  test('containers start, and start again by the policy', () => {
    check(view([container()]), ['start main/0']);
    check(view([container({ busy: 'starting' })]), []);
    check(view([container({ runs: [running()] })]), []);
    check(view([container({ runs: [exited(0)] })]), ['start main/1']);
    check(view([container({ runs: [exited(1)] })], {}, { restartPolicy: 'OnFailure' }), ['start main/1']);
    check(view([container({ runs: [run({ status: 'created' }, 3)] })]), ['start main/3']);
    check(view([container({ nextAttempt: 4 })]), ['start main/4']);
  });
  test('back-off', () => {
    const crash = { delay_ms: 20_000, at_ms: NOW_MS - 10_000 };
    check(view([container({ runs: [exited(1, 5000)], crash })]), [], 15_000);
    check(view([container({ runs: [exited(1, 20_000)], crash })]), ['start main/1']);
    check(view([container({ problem: { reason: 'ErrImagePull', message: '', until_ms: NOW_MS + 10 } })]), [], 10);
  });
  test('a Pod that ended gives its network back', () => {
    check(view([container({ runs: [exited(0)] })], {}, { restartPolicy: 'Never' }), ['tear-down network']);
    check(view([container({ runs: [exited(0)] })], { tearDown: 'done' }, { restartPolicy: 'OnFailure' }), []);
  });
  test('deletion', () => {
    check(view([container({ runs: [running()] })], {}, {}, deleted), ['stop main 30 drain']);
    check(view([container({ busy: 'starting' })], {}, {}, deleted), ['abort main']);
    check(view([container({ runs: [running()], busy: 'stopping', stopBy_ms: NOW_MS + 20_000 })], {}, {}, deleted), []);
    check(view([container({ runs: [running()], busy: 'stopping', stopBy_ms: NOW_MS + 20_000 })], {}, {}, { ...deleted, deletionGracePeriodSeconds: 1 }), [
      'stop main 1 drain',
    ]);
    check(view([container({ runs: [exited(143)] })], {}, {}, deleted), ['tear-down all']);
    check(view([container({ runs: [exited(143)] })], { tearDown: 'busy' }, {}, deleted), []);
    check(view([container({ runs: [running()] })], { gone: true }), ['stop main 1 drain']);
  });
  test('helpers end last', () => {
    const helper = container({ name: 'helper', role: 'sidecar', runs: [running(0, 'helper')] });
    check(view([helper, container({ runs: [running()] })], {}, {}, deleted), ['stop main 30 drain']);
    check(view([helper, container({ runs: [exited(0)] })], {}, {}, deleted), ['stop helper 30 drain']);
  });
  test('init containers one after the other; not again once the others ran', () => {
    const init = (name: string, runs: readonly RuntimeContainer[]) => container({ name, role: 'init', runs });
    check(view([init('a', []), init('b', []), container()]), ['start a/0']);
    check(view([init('a', [exited(0, 0, 0, 'a')]), init('b', []), container()]), ['start b/0']);
    check(view([init('a', []), container({ runs: [running()] })]), []);
    check(view([init('a', [exited(1, 0, 0, 'a')]), container()], {}, { restartPolicy: 'Never' }), ['tear-down network']);
  });
  test('liveness, deadline, old runs', () => {
    check(view([container({ runs: [running()], unhealthy: 'x', unhealthyGrace_seconds: 5 })]), ['stop main 5']);
    const late: V1Pod = { ...view([]).pod, spec: { containers: [], activeDeadlineSeconds: 60 }, status: { startTime: '2026-01-01T00:00:00Z' } };
    check(view([container({ runs: [running()] })], { pod: late }), ['stop main 30']);
    check(view([container({ runs: [running(2), exited(1, 0, 1), exited(1, 0, 0)] })]), ['discard main-0']);
  });
});

const anyState: fc.Arbitrary<RuntimeContainer['state']> = fc.oneof(
  fc.constant({ status: 'created' as const }),
  fc.constant({ status: 'running' as const, startedAt_ms: NOW_MS - 1000 }),
  fc.record({
    status: fc.constant('exited' as const),
    exitCode: fc.integer({ min: 0, max: 2 }),
    oomKilled: fc.boolean(),
    startedAt_ms: fc.constant(0),
    finishedAt_ms: fc.constant(NOW_MS - 500),
  }),
);
const anyContainer = (role: ContainerRole, name: string): fc.Arbitrary<ContainerView> =>
  fc
    .record({ states: fc.array(anyState, { maxLength: 3 }), busy: fc.constantFrom(undefined, 'starting' as const, 'stopping' as const), ready: fc.boolean() })
    .map(({ states, busy, ready }) => container({ name, role, busy, ready, runs: states.map((state, index) => run(state, states.length - index, name)) }));
const anyView = fc
  .record({
    containers: fc.tuple(anyContainer('init', 'a'), anyContainer('sidecar', 'b'), anyContainer('main', 'c'), anyContainer('main', 'd')),
    policy: fc.constantFrom('Always', 'OnFailure', 'Never'),
    gone: fc.boolean(),
    isDeleted: fc.boolean(),
    tearDown: fc.constantFrom('none' as const, 'busy' as const, 'done' as const),
  })
  .map(({ containers, policy, gone, isDeleted, tearDown }) => view(containers, { gone, tearDown }, { restartPolicy: policy }, isDeleted ? deleted : {}));

suite('whatever state a Pod is in', () => {
  test('nothing is started twice, nothing of a Pod that ends is started, and nothing is torn down under what runs', () => {
    fc.assert(
      fc.property(anyView, (given) => {
        const { actions } = decide(given);
        const isEnding = given.gone || given.pod.metadata.deletionTimestamp !== undefined;
        for (const action of actions) {
          const its = 'container' in action ? given.containers.find(({ name }) => name === action.container) : undefined;
          if (action.kind === 'start') {
            assert.ok(!isEnding && its?.busy === undefined && its?.runs[0]?.state.status !== 'running');
            assert.ok(action.attempt >= (its?.runs[0]?.attempt ?? 0));
          }
          if (action.kind === 'tear-down') assert.ok(given.containers.every(({ busy, runs }) => busy === undefined && runs[0]?.state.status !== 'running'));
        }
      }),
    );
  });

  test('the status is whole, and reporting it changes nothing in the next', () => {
    fc.assert(
      fc.property(anyView, (given) => {
        const status = podStatus(given, { address: '192.0.2.1' }, new Map());
        assert.equal(status.containerStatuses?.length, 2);
        if (status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True') assert.ok(status.containerStatuses?.every(({ ready }) => ready));
        const next = podStatus({ ...given, pod: { ...given.pod, status } }, { address: '192.0.2.1' }, new Map());
        assert.deepEqual(next.containerStatuses, status.containerStatuses);
        assert.deepEqual(
          next.conditions?.map(({ lastTransitionTime }) => lastTransitionTime),
          status.conditions?.map(({ lastTransitionTime }) => lastTransitionTime),
        );
      }),
    );
  });
});
