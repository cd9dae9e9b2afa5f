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
  refuses(
    pods,
    pod({ env: [{ name: 'A', value: 5 }] }),
    /: json: cannot unmarshal number into Go struct field EnvVar\.spec\.containers\.env\.value of type string$/,
  );
  refuses(configMaps, { data: { limits: 5 } }, / number into Go struct field ConfigMap\.data of type string$/);
  refuses(configMaps, { metadata: { labels: { requests: 1 } } }, / field ObjectMeta\.metadata\.labels of type string$/);
});

test('a quantity is one', () => {
  refuses(pods, pod({ resources: { limits: { memory: '64 megabytes' } } }), /cannot be handled as a Pod: quantities must match/);
});

test('an integer fits its field', () => {
  refuses(deployments, { spec: { replicas: 2 ** 31 } }, /unmarshal number 2147483648 into Go struct field DeploymentSpec\.spec\.replicas of type int32/);
  refuses(deployments, { spec: { replicas: 1.5 } }, /unmarshal number 1\.5 into .* of type int32/);
  refuses(pods, { spec: { terminationGracePeriodSeconds: 2 ** 60 } }, /of type int64$/);
});

test('a time is a time and bytes are base64', () => {
  refuses(
    pods,
    { metadata: { name: 'x', deletionTimestamp: 'yesterday' } },
    /: parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"$/,
  );
  strict(pods, { metadata: { name: 'x', deletionTimestamp: '2026-01-02T03:04:05.678901Z' } });
  refuses(pods, { metadata: { name: 'x', deletionTimestamp: '2026-01-02 03:04:05Z' } }, /cannot parse " 03:04:05Z" as "T"$/);
  refuses(pods, { metadata: { name: 'x', deletionTimestamp: '' } }, /cannot parse "" as "2006"$/);
  strict(pods, { metadata: { name: 'x', deletionTimestamp: '2026-01-02T03:04:05+01:00' } });
  refuses(secrets, { data: { a: '@@@' } }, /: illegal base64 data at input byte 0$/);
  strict(secrets, { data: { a: '', b: 'aGVsbG8=', c: 'aGVsbG8h' } });
});

test('a wrong type is told as Kubernetes tells it, and where it stands', () => {
  const of = (kind: typeof pods, body: object, words: string, field: string) =>
    assert.throws(
      () => strict(kind, body),
      (error) => {
        assert.ok(error instanceof StatusError);
        assert.equal(error.message, `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${words}`);
        assert.equal(error.body.details?.causes?.[0]?.field, field);
        return true;
      },
    );
  const json = (what: string, where: string, type: string) => `json: cannot unmarshal ${what} into Go struct field ${where} of type ${type}`;
  of(deployments, { spec: { replicas: 'three' } }, json('string', 'DeploymentSpec.spec.replicas', 'int32'), 'spec.replicas');
  of(deployments, { spec: [] }, json('array', 'Deployment.spec', 'v1.DeploymentSpec'), 'spec');
  of(pods, { spec: { containers: 'c' } }, json('string', 'PodSpec.spec.containers', '[]v1.Container'), 'spec.containers');
  of(pods, { spec: { containers: [true] } }, json('bool', 'PodSpec.spec.containers', 'v1.Container'), 'spec.containers[0]');
  of(pods, pod({ imagePullPolicy: {} }), json('object', 'Container.spec.containers.imagePullPolicy', 'v1.PullPolicy'), 'spec.containers[0].imagePullPolicy');
  of(pods, { spec: { nodeSelector: { a: 1 } } }, json('number', 'PodSpec.spec.nodeSelector', 'string'), 'spec.nodeSelector.a');
  of(
    resource('v1', 'PersistentVolumeClaim'),
    { spec: { accessModes: [1] } },
    json('number', 'PersistentVolumeClaimSpec.spec.accessModes', 'v1.PersistentVolumeAccessMode'),
    'spec.accessModes[0]',
  );
  of(
    resource('v1', 'Service'),
    { spec: { ports: [{ targetPort: true }] } },
    json('bool', 'ServicePort.spec.ports.targetPort', 'int32'),
    'spec.ports[0].targetPort',
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
