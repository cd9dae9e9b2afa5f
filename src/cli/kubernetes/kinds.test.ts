import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError, UsageError } from '../errors.ts';
import { parseObjects } from './documents.ts';
import { eventRows } from './describe.ts';
import { findKind, type Kind, kindOfDocument, qualified } from './kinds.ts';
import { parseSeconds } from './pod-logs.ts';
import { TablePrinter } from './server-table.ts';
import { parseTargets } from './targets.ts';

function kind(group: string, version: string, resource: string, name: string, more: Partial<Kind> = {}): Kind {
  const rest = { namespaced: true, verbs: ['get', 'list'], shortNames: [], categories: [], subresources: [] };
  return { group, version, resource, kind: name, singular: name.toLowerCase(), ...rest, ...more };
}
const KINDS = [
  kind('', 'v1', 'pods', 'Pod', { shortNames: ['po'], categories: ['all'] }),
  kind('', 'v1', 'events', 'Event', { shortNames: ['ev'] }),
  kind('apps', 'v1', 'deployments', 'Deployment', { shortNames: ['deploy'], categories: ['all'] }),
  kind('autoscaling', 'v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', { shortNames: ['hpa'], categories: ['all'] }),
  kind('autoscaling', 'v1', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', { shortNames: ['hpa'], categories: ['all'] }),
  kind('events.k8s.io', 'v1', 'events', 'Event', { shortNames: ['ev'] }),
  kind('metrics.k8s.io', 'v1beta1', 'pods', 'PodMetrics'),
];
const words = ({ version, resource, group }: Kind) => `${resource}.${version}.${group}`;

test('a kind is found by any of its names', () => {
  const check = (word: string, expected: string) => assert.equal(words(findKind(KINDS, word)), expected, word);
  for (const word of ['pods', 'pod', 'po', 'Pod', 'PODS']) check(word, 'pods.v1.');
  check('deploy', 'deployments.v1.apps');
  check('deployments.apps', 'deployments.v1.apps');
  check('deployment.v1.apps', 'deployments.v1.apps');
  check('hpa', 'horizontalpodautoscalers.v2.autoscaling');
  check('hpa.v1.autoscaling', 'horizontalpodautoscalers.v1.autoscaling');
  check('events', 'events.v1.');
  check('events.events.k8s.io', 'events.v1.events.k8s.io');
  check('pods.metrics.k8s.io', 'pods.v1beta1.metrics.k8s.io');
  assert.throws(() => findKind(KINDS, 'nothing'), CommandError);
  assert.throws(() => findKind(KINDS, 'pods.apps'), CommandError);
  assert.equal(words(kindOfDocument(KINDS, 'autoscaling/v1', 'HorizontalPodAutoscaler')), 'horizontalpodautoscalers.v1.autoscaling');
  assert.equal(qualified(findKind(KINDS, 'deploy')), 'deployment.apps');
});

test('operands name kinds and objects', () => {
  const check = (line: string, expected: string) => {
    const found = parseTargets(KINDS, line.split(' ')).map((target) => `${target.kind.singular}=${target.name ?? '*'}`);
    assert.equal(found.join(' '), expected, line);
  };
  check('pods', 'pod=*');
  check('po,deploy', 'pod=* deployment=*');
  check('pod a b', 'pod=a pod=b');
  check('po,deploy a', 'pod=a deployment=a');
  check('po/a deploy/b', 'pod=a deployment=b');
  check('all', 'pod=* deployment=* horizontalpodautoscaler=*');
  for (const bad of ['po/a deploy', 'po/', 'a/b/c']) assert.throws(() => parseTargets(KINDS, bad.split(' ')), UsageError, bad);
});

test('documents: several, lists, blank ones, and what is wrong with them', () => {
  const check = (text: string, expected: readonly string[]) =>
    assert.deepEqual(
      parseObjects(text, 'f').map((object) => `${object.kind}/${object.metadata.name}`),
      expected,
    );
  const map = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
  check('', []);
  check(`---\n${map('a')}---\n# nothing\n---\n${map('b')}`, ['ConfigMap/a', 'ConfigMap/b']);
  check(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }] }), ['ConfigMap/c']);
  const fails = (text: string, why: RegExp) => assert.throws(() => parseObjects(text, 'f'), why);
  fails(`${map('a')}---\nkind: X\n`, /f, document 2: it says no apiVersion/);
  fails('apiVersion: v1\nkind: Pod\n', /the Pod says no metadata\.name/);
  fails('a: [', /f, document 1/);
  fails('just text', /no apiVersion/);
});

const columns = [
  { name: 'Name', type: 'string', format: 'name', description: '', priority: 0 },
  { name: 'Age', type: 'string', format: '', description: '', priority: 0 },
  { name: 'Node', type: 'string', format: '', description: '', priority: 1 },
];
const row = (...cells: (string | number)[]) => ({ cells, object: { metadata: { namespace: 'ns' } } });

test('tables: headings once, wide columns on request, rows of a watch below each other', () => {
  const plain = new TablePrinter({ wide: false, namespaces: false, prefix: '', headings: true });
  assert.deepEqual(plain.lines({ columnDefinitions: columns, rows: [row('a', '1s', 'n')] }), ['NAME   AGE', 'a      1s']);
  assert.deepEqual(plain.lines({ columnDefinitions: null, rows: [row('longer', '2s', 'n')] }), ['longer   2s']);
  assert.deepEqual(plain.lines({ columnDefinitions: null, rows: [row('b', '2s', 'n')] }), ['b        2s']);
  const wide = new TablePrinter({ wide: true, namespaces: true, prefix: 'pod/', headings: true });
  assert.deepEqual(wide.lines({ columnDefinitions: columns, rows: [] }), []);
  assert.deepEqual(wide.lines({ columnDefinitions: null, rows: [row('a', 5, '')] }), ['NAMESPACE   NAME    AGE   NODE', 'ns          pod/a   5']);
});

test('events tell how often they came', () => {
  const event = {
    involvedObject: {},
    type: 'Warning',
    reason: 'Why',
    message: 'so\n',
    lastTimestamp: '2026-01-01T00:01:00Z',
    firstTimestamp: '2026-01-01T00:00:00Z',
  };
  const now_ms = Date.parse('2026-01-01T00:02:00Z');
  assert.deepEqual(eventRows([{ ...event, count: 3, source: { component: 'c' } }], now_ms), [['  Warning', 'Why', '60s (x3 over 2m)', 'c', 'so']]);
});

test('durations', () => {
  assert.deepEqual(['90s', '5m', '1h30m'].map(parseSeconds), [90, 300, 5400]);
  assert.throws(() => parseSeconds('5'), UsageError);
});
