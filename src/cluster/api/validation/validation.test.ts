import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyDefaults, decode, findKind, type KubeObject, prepareForCreate, StatusError, validateCreate, validateUpdate } from '../index.ts';
import { qosClass } from '../qos-class.ts';

function made(apiVersion: string, kind: string, body: object): KubeObject {
  const resource = resourceOf(apiVersion, kind);
  return applyDefaults(resource, decode(resource, { metadata: { name: 'x' }, ...body }, { fieldValidation: 'Strict' }).object);
}
function resourceOf(apiVersion: string, kind: string) {
  const resource = findKind(apiVersion, kind);
  assert.ok(resource);
  return resource;
}
const refused = (words: RegExp) => (error: unknown) => error instanceof StatusError && error.status === 422 && words.test(error.message);
const create = (apiVersion: string, kind: string, body: object) => validateCreate(resourceOf(apiVersion, kind), made(apiVersion, kind, body));

test('a Service has each port once', () => {
  const ports = (...list: object[]) => ({ spec: { ports: list } });
  assert.throws(() => create('v1', 'Service', ports({ name: 'a', port: 80 }, { name: 'b', port: 80 })), refused(/spec\.ports\[1\]: Duplicate value/));
  create('v1', 'Service', ports({ name: 'a', port: 53 }, { name: 'b', port: 53, protocol: 'UDP' }));
});

test('keys of ConfigMaps and Secrets are file names', () => {
  assert.throws(() => create('v1', 'ConfigMap', { data: { 'a/b': '1' } }), refused(/data\[a\/b\]: Invalid value: "a\/b": a valid config key/));
  assert.throws(
    () => create('v1', 'ConfigMap', { data: { a: '1' }, binaryData: { a: 'aGVsbG8=' } }),
    refused(/data\[a\]: Invalid value: "a": duplicate of key present in binaryData/),
  );
  assert.throws(() => create('v1', 'Secret', { data: { 'a b': '' } }), refused(/data\[a b\]/));
  create('v1', 'ConfigMap', { data: { 'nginx.conf': '', _x: '' } });
});

test('an immutable ConfigMap stays as it is', () => {
  const resource = resourceOf('v1', 'ConfigMap');
  const old = made('v1', 'ConfigMap', { immutable: true, data: { a: '1' } });
  assert.throws(
    () => validateUpdate(resource, made('v1', 'ConfigMap', { immutable: true, data: { a: '2' } }), old),
    refused(/data: Forbidden: field is immutable when `immutable` is set/),
  );
  assert.throws(() => validateUpdate(resource, made('v1', 'ConfigMap', { data: { a: '1' } }), old), refused(/immutable: Forbidden/));
});

test("an autoscaler's metric has the part that its type names", () => {
  const spec = (metrics: object[]) => ({ spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, metrics } });
  assert.throws(
    () => create('autoscaling/v2', 'HorizontalPodAutoscaler', spec([{ type: 'Resource' }])),
    refused(/spec\.metrics\[0\]\.resource: Required value/),
  );
  assert.throws(
    () => create('autoscaling/v2', 'HorizontalPodAutoscaler', spec([{ type: 'Weather' }])),
    refused(/spec\.metrics\[0\]\.type: Unsupported value: "Weather"/),
  );
  create(
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    spec([{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }]),
  );
});

test('tolerations of a Pod are only added to', () => {
  const toleration = { key: 'a', operator: 'Exists' };
  const pod = (...tolerations: object[]) => made('v1', 'Pod', { spec: { containers: [{ name: 'c', image: 'i' }], tolerations } });
  const pods = resourceOf('v1', 'Pod');
  validateUpdate(pods, pod(toleration, { key: 'b', operator: 'Exists' }), pod(toleration));
  validateUpdate(pods, pod({ ...toleration, effect: 'NoExecute', tolerationSeconds: 9 }), pod({ ...toleration, effect: 'NoExecute', tolerationSeconds: 5 }));
  assert.throws(() => validateUpdate(pods, pod(), pod(toleration)), refused(/spec\.tolerations: Forbidden/));
});

test('the same amount written otherwise is the same amount', () => {
  assert.equal(qosClass({ containers: [{ resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } } }] }), 'Guaranteed');
});

test('a node may be made with its status', () => {
  const node = made('v1', 'Node', { status: { capacity: { cpu: '2' } } });
  assert.deepEqual(prepareForCreate(resourceOf('v1', 'Node'), node), node);
});
