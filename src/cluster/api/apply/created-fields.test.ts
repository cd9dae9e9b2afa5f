import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyDefaults, applyPatch, decode, findKind, type KubeObject, trackUpdate } from '../index.ts';

const TIME = '2026-01-01T00:00:00Z';

function resourceOf(apiVersion: string, kind: string) {
  const resource = findKind(apiVersion, kind);
  assert.ok(resource);
  return resource;
}

function created(apiVersion: string, kind: string, body: object): unknown {
  const resource = resourceOf(apiVersion, kind);
  const { object } = decode(resource, { metadata: { name: 'x' }, ...body }, { fieldValidation: 'Strict' });
  const tracked = trackUpdate(resource, undefined, applyDefaults(resource, object), { manager: 'm', time: TIME });
  const [entry] = tracked.metadata.managedFields as { fieldsV1: unknown }[];
  return entry?.fieldsV1;
}

// As a kube-apiserver 1.36 wrote them.
test('what was added is a field of who made it; what comes with its parent is none', () => {
  assert.deepEqual(created('v1', 'ConfigMap', { metadata: { generateName: 'x-', labels: { l: '1' } }, data: { a: '1' } }), {
    'f:data': { '.': {}, 'f:a': {} },
    'f:metadata': { 'f:generateName': {}, 'f:labels': { '.': {}, 'f:l': {} } },
  });
  const containers = [{ name: 'a', image: 'i', env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1' } } }];
  const fields = created('apps/v1', 'Deployment', {
    spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers, securityContext: {} } } },
  }) as { 'f:spec': { 'f:strategy': object; 'f:template': { 'f:metadata': object; 'f:spec': { 'f:containers': object; 'f:securityContext': object } } } };
  const { 'f:strategy': strategy, 'f:template': template } = fields['f:spec'];
  assert.deepEqual(strategy, { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {}, 'f:maxUnavailable': {} }, 'f:type': {} });
  assert.deepEqual(template['f:metadata'], { 'f:labels': { '.': {}, 'f:a': {} } });
  assert.deepEqual(template['f:spec']['f:securityContext'], {});
  assert.deepEqual(template['f:spec']['f:containers'], {
    'k:{"name":"a"}': {
      '.': {},
      'f:env': { '.': {}, 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
      'f:image': {},
      'f:imagePullPolicy': {},
      'f:name': {},
      'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} } },
      'f:resources': { '.': {}, 'f:limits': { '.': {}, 'f:cpu': {} } },
      'f:terminationMessagePath': {},
      'f:terminationMessagePolicy': {},
    },
  });
});

test('an empty part that is always there is nobody’s; one that is owned whole is one field', () => {
  assert.deepEqual(created('networking.k8s.io/v1', 'NetworkPolicy', { spec: { podSelector: {}, ingress: [{}] } }), {
    'f:spec': { 'f:ingress': {}, 'f:policyTypes': {} },
  });
  assert.deepEqual(created('rbac.authorization.k8s.io/v1', 'RoleBinding', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' } }), {
    'f:roleRef': {},
  });
});

test('a map that an apply leaves without entries is gone, though another made it', () => {
  const resource = resourceOf('v1', 'ConfigMap');
  const body = (data: object | undefined) =>
    decode(resource, { metadata: { name: 'x' }, ...(data && { data }) }, { fieldValidation: 'Strict' }).object as KubeObject & { data?: object }; // a ConfigMap
  const apply = (live: KubeObject, data: object | undefined) => applyPatch(resource, live, body(data), { manager: 'a', force: true, time: TIME });
  const made = trackUpdate(resource, undefined, body({ l: '1' }), { manager: 'm', time: TIME });
  assert.equal('data' in apply(apply(made, { l: '2' }), undefined), false);
});
