import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, findKind, type KubeObject, StatusError } from '../index.ts';

function resource(apiVersion: string, kind: string) {
  const found = findKind(apiVersion, kind);
  assert.ok(found);
  return found;
}
const pods = resource('v1', 'Pod');
const configMaps = resource('v1', 'ConfigMap');
const secrets = resource('v1', 'Secret');
const deployments = resource('apps/v1', 'Deployment');

const strict = (kind: typeof pods, body: object): KubeObject => decode(kind, { metadata: { name: 'x' }, ...body }, { fieldValidation: 'Strict' }).object;
const pod = (container: object) => ({ spec: { containers: [{ name: 'c', image: 'i', ...container }] } });
const refuses = (kind: typeof pods, body: object, words: RegExp) =>
  assert.throws(
    () => strict(kind, body),
    (error) => error instanceof StatusError && error.status === 400 && words.test(error.message),
    String(words),
  );

test('a number is taken for a string in a quantity, and nowhere else', () => {
  assert.deepEqual(strict(pods, pod({ resources: { requests: { cpu: 1 } } })), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    ...pod({ resources: { requests: { cpu: '1' } } }),
  });
  refuses(pods, pod({ env: [{ name: 'A', value: 5 }] }), /spec\.containers\[0\]\.env\[0\]\.value must be a string, not the number 5/);
  refuses(configMaps, { data: { limits: 5 } }, /data\.limits must be a string/);
  refuses(configMaps, { metadata: { labels: { requests: 1 } } }, /metadata\.labels\.requests must be a string/);
});

test('a quantity is one', () => {
  refuses(pods, pod({ resources: { limits: { memory: '64 megabytes' } } }), /spec\.containers\[0\]\.resources\.limits\.memory: .*quantities must match/);
});

test('an integer fits its field', () => {
  refuses(deployments, { spec: { replicas: 2 ** 31 } }, /spec\.replicas must be an? int32/);
  refuses(deployments, { spec: { replicas: 1.5 } }, /spec\.replicas must be an? int32/);
  refuses(pods, { spec: { terminationGracePeriodSeconds: 2 ** 60 } }, /must be an? int64/);
});

test('a time is a time and bytes are base64', () => {
  refuses(pods, { metadata: { name: 'x', deletionTimestamp: 'yesterday' } }, /metadata\.deletionTimestamp must be a time/);
  strict(pods, { metadata: { name: 'x', deletionTimestamp: '2026-01-02T03:04:05.678901Z' } });
  strict(pods, { metadata: { name: 'x', deletionTimestamp: '2026-01-02T03:04:05+01:00' } });
  refuses(secrets, { data: { a: '@@@' } }, /data\.a must be a base64 text/);
  strict(secrets, { data: { a: '', b: 'aGVsbG8=', c: 'aGVsbG8h' } });
});

test('the words name the version once and take the right article', () => {
  refuses(
    deployments,
    { spec: { replicas: 'three' } },
    /^Deployment in version "v1" cannot be handled as a Deployment: spec\.replicas must be an int32, not the string "three"$/,
  );
});

test('a list or a map with nothing in it is no field; a required list, the rules of a role and an object without fields are', () => {
  assert.deepEqual(strict(configMaps, { metadata: { name: 'x', labels: {}, finalizers: [] }, data: {} }), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'x' },
  });
  const volumes = [{ name: 'v', emptyDir: {} }];
  const kept = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [], volumes } };
  assert.deepEqual(strict(pods, { spec: { containers: [], volumes, tolerations: [] } }), kept);
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'x' }, rules: [] };
  assert.deepEqual(strict(resource('rbac.authorization.k8s.io/v1', 'Role'), { rules: [] }), role);
});

test('zero values are kept, dropped and added as the types of Kubernetes have them', () => {
  const ports = (port: object) => ({ spec: { ports: [port], loadBalancerIP: '', publishNotReadyAddresses: false } });
  const services = resource('v1', 'Service');
  const read = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: { ports: [{ port: 0 }] } };
  assert.deepEqual(strict(services, ports({ name: '' })), read);
  assert.deepEqual(strict(deployments, { spec: { replicas: 0, paused: false } }).metadata, { name: 'x' });
  assert.deepEqual((strict(deployments, { spec: { replicas: 0, paused: false } }) as { spec?: unknown }).spec, { replicas: 0 });
  const { object } = decode(services, { ...ports({ name: '' }), metadata: { name: 'x' } }, { fieldValidation: 'Strict', asWritten: true });
  assert.deepEqual(object, { ...read, ...ports({ name: '' }) });
});

test('null in a list is the zero value of its items', () => {
  assert.deepEqual((strict(pods, { spec: { containers: [null] } }) as { spec?: unknown }).spec, { containers: [{ name: '' }] });
  assert.deepEqual(strict(configMaps, { metadata: { name: 'x', finalizers: [null] } }).metadata.finalizers, ['']);
});
