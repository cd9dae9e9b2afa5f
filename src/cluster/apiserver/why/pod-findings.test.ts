import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PodFacts, podFindings, type SeenContainer, type SeenPod } from './pod-findings.ts';

const named = { metadata: { name: 'p', namespace: 'a' } };
const placed = (containerStatuses: readonly SeenContainer[], more: SeenPod['status'] = {}): SeenPod => ({
  ...named,
  spec: { nodeName: 'n' },
  status: { phase: 'Running', containerStatuses, ...more },
});
const unplaced = (message: string): SeenPod => ({
  ...named,
  status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] },
});
const facts = (pod: SeenPod, more: Partial<PodFacts> = {}): PodFacts => ({ pod, events: [], missing: [], ...more });
const short = { plugin: 'p', code: 'c', message: '', values: {}, advice: 'help' };
const crash = { exitCode: 1, reason: 'Error' };

for (const [what, given, expected] of [
  ['well', facts(placed([{ name: 'c', ready: true, state: { running: {} } }])), []],
  ['seen by nobody', facts(named), ['phase: pod a/p is Pending', 'scheduling: no scheduler has looked at it yet']],
  [
    'unschedulable, node by node',
    facts(unplaced('0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.'), {
      places: {
        message: '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.',
        nodes: [
          { name: 'a', fits: false, reasons: [{ ...short, message: 'Insufficient cpu', values: { requested: '5', free: '3' } }] },
          { name: 'b', fits: false, reasons: [{ ...short, message: 'node(s) were unschedulable' }] },
        ],
      },
    }),
    [
      'phase: pod a/p is Pending',
      'scheduling: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.',
      'nodes: a: Insufficient cpu (requested 5, free 3)',
      'nodes: b: node(s) were unschedulable',
    ],
  ],
  [
    'gates, before nodes are looked at',
    facts({ ...named, spec: { schedulingGates: [{ name: 'x/y' }] } }),
    ['phase: pod a/p is Pending', 'scheduling: it waits for its scheduling gates: x/y'],
  ],
  [
    'another scheduler, and what is not there',
    facts({ ...named, spec: { schedulerName: 'own' } }, { missing: [{ kind: 'ConfigMap', name: 'c', by: 'volume v' }] }),
    ['phase: pod a/p is Pending', 'scheduling: no scheduler has looked at it yet', 'missing: ConfigMap "c", which volume v names, is not there'],
  ],
  ['another reason', facts(unplaced('no nodes available')), ['phase: pod a/p is Pending', 'scheduling: no nodes available']],
  [
    'no image',
    facts(placed([{ name: 'c', image: 'x', state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } }], { phase: 'Pending' })),
    ['phase: pod a/p is Pending', 'container c: ErrImagePull: not found'],
  ],
  [
    'a crash loop',
    facts(placed([{ name: 'c', restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: crash } }]), {}),
    ['container c: CrashLoopBackOff, after 3 restarts; the last run ended with exit code 1 (Error)'],
  ],
  [
    'out of memory',
    facts(placed([{ name: 'c', state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }], { phase: 'Failed' })),
    ['phase: pod a/p is Failed', 'container c: ended with exit code 137 (OOMKilled)'],
  ],
  [
    'an init container that fails',
    facts(placed([{ name: 'c' }], { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 127, reason: 'Error' } } }] })),
    ['phase: pod a/p is Pending', 'init container i: ended with exit code 127 (Error, command not found)', 'container c: was not begun yet'],
  ],
  [
    'not ready',
    facts(placed([{ name: 'c', ready: false, state: { running: {} } }], { conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }] })),
    ['container c: runs, but is not ready', 'ready: it is not ready, so no Service leads to it (ContainersNotReady)'],
  ],
] as const)
  test(`why pod: ${what}`, () => {
    const stops = podFindings(given).filter(({ ok }) => !ok);
    assert.deepEqual(
      stops.map(({ step, detail }) => `${step}: ${detail}`),
      expected,
    );
  });

test('why pod: warnings are told once; whose log may tell more is said', () => {
  const event = { type: 'Warning', reason: 'Unhealthy', message: 'probe failed' };
  const events = [event, { ...event, count: 4 }, { type: 'Normal', reason: 'Pulled', message: 'x' }];
  const waiting = { name: 'w', restartCount: 1, state: { waiting: {} }, lastState: { terminated: crash } };
  const said = podFindings(facts(placed([{ name: 'c', ready: true, state: { running: {} } }, { name: 'r', state: { running: {} } }, waiting]), { events }));
  assert.deepEqual(said.at(-1), { step: 'event', ok: true, code: 'Unhealthy', detail: 'Unhealthy: probe failed (4 times)' });
  assert.deepEqual(
    said.filter(({ container }) => container !== undefined).map(({ container, log }) => `${container} ${log}`),
    ['c undefined', 'r current', 'w previous'],
  );
});

test('why pod: a change of resources that waits is told, and stops nothing', () => {
  const conditions = [{ type: 'PodResizePending', status: 'True', reason: 'Deferred', message: 'no room' }];
  const said = podFindings(facts(placed([{ name: 'c', ready: true, state: { running: {} } }], { conditions })));
  assert.deepEqual(said.at(-1), { step: 'resize', ok: true, code: 'Deferred', detail: 'its new resources are not granted: Deferred: no room' });
});
