import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesFields, parseFieldSelector } from './field-selectors.ts';

const pods = { group: '', kind: 'Pod', namespaced: true };
const jobs = { group: 'batch', kind: 'Job', namespaced: true };
const configMaps = { group: '', kind: 'ConfigMap', namespaced: true };
const events = { group: 'events.k8s.io', kind: 'Event', namespaced: true };
const gauges = { group: 'example.com', kind: 'Gauge', namespaced: false, custom: { selectable: ['spec.colour'] } };
const object = (kind: string, more: object) => ({ apiVersion: 'v1', kind, metadata: { name: 'a' }, ...more });

test('fields choose objects; what isn’t there reads as its zero', () => {
  const check = (kind: Parameters<typeof parseFieldSelector>[0], text: string, more: object, expected: boolean) =>
    assert.equal(matchesFields(parseFieldSelector(kind, text), object(kind.kind, more)), expected, text);
  check(pods, '', {}, true);
  check(pods, 'spec.nodeName=n,status.phase!=Running', { spec: { nodeName: 'n' } }, true);
  check(pods, 'spec.nodeName==', { spec: { nodeName: 'n' } }, false);
  check(pods, 'spec.host=n', { spec: { nodeName: 'n' } }, true);
  check(pods, 'spec.hostNetwork=false', {}, true);
  check(pods, ',spec.hostNetwork=true,', { spec: { hostNetwork: true } }, true);
  check(jobs, 'status.successful=0', {}, true);
  check(jobs, 'status.successful=2', { status: { succeeded: 2 } }, true);
  check(events, 'regarding.name=x,reportingController=c', { regarding: { name: 'x' }, reportingController: 'c' }, true);
  check({ ...events, group: '' }, 'source=kubelet', { source: { component: 'kubelet' } }, true);
  check({ ...events, group: '' }, 'source=other', { source: {}, reportingComponent: 'other' }, true);
  check(gauges, 'spec.colour=a\\,b\\=c\\\\', { spec: { colour: 'a,b=c\\' } }, true);
});

test('what can’t be selected by is refused in Kubernetes’ words', () => {
  const check = (kind: Parameters<typeof parseFieldSelector>[0], text: string, words: string) =>
    assert.throws(() => parseFieldSelector(kind, text), { message: words }, text);
  check(pods, 'spec.foo=1', 'field label not supported: spec.foo');
  check(gauges, 'metadata.namespace=x', 'field label not supported: metadata.namespace');
  check(jobs, 'spec.foo=1', 'field label "spec.foo" not supported for Job');
  check(configMaps, 'data.x=1', '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"');
  check(pods, 'spec.nodeName', "invalid selector: 'spec.nodeName'; can't understand 'spec.nodeName'");
  check(pods, 'spec.nodeName=a=b', 'invalid field selector: unescaped character in value: =');
  check(pods, 'spec.nodeName=a\\x', 'invalid field selector: invalid escape sequence: \\x');
});
