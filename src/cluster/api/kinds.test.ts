import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import {
  applyDefaults,
  decode,
  findKind,
  podTemplateHash,
  prepareForCreate,
  prepareForUpdate,
  SERVED_RESOURCES,
  StatusError,
  toTable,
  type V1Deployment,
  type V1Pod,
  validateCreate,
  validateStatusUpdate,
  validateUpdate,
} from './index.ts';
import { podStatusWord } from './table/pod-status.ts';

const deployments = findKind('apps/v1', 'Deployment');
const pods = findKind('v1', 'Pod');
assert.ok(deployments && pods);

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: myapp}
spec:
  replicas: 3
  selector: {matchLabels: {app: myapp}}
  template:
    metadata: {labels: {app: myapp}}
    spec:
      containers:
      - {name: mycontainer, image: "myregistry/myimage:1.0", ports: [{containerPort: 80}]}
`;
const made = (text: string) => applyDefaults(deployments, decode(deployments, parse(text), { fieldValidation: 'Strict' }).object) as V1Deployment; // decoded by its model

test('the Deployment of the walk-through is taken, with its defaults', () => {
  const deployment = made(manifest);
  validateCreate(deployments, deployment);
  assert.deepEqual(deployment.spec?.strategy, { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } });
  const container = deployment.spec?.template.spec?.containers[0];
  assert.equal(container?.imagePullPolicy, 'IfNotPresent');
  assert.equal(container?.ports?.[0]?.protocol, 'TCP');
  assert.equal(prepareForCreate(deployments, deployment).metadata.generation, 1);
});

test('a wrong field is refused with its path', () => {
  const check = (from: string, to: string, words: RegExp) => {
    assert.throws(
      () => validateCreate(deployments, made(manifest.replace(from, to))),
      (error) => error instanceof StatusError && words.test(error.message),
      to,
    );
  };
  check('replicas: 3', 'replicas: -1', /spec\.replicas: Invalid value: -1: must be greater than or equal to 0/);
  check('replicas: 3', 'replicaz: 3', /strict decoding error: unknown field "spec\.replicaz"/);
  check('replicas: 3', 'replicas: three', /cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32/);
  check('labels: {app: myapp}', 'labels: {app: other}', /`selector` does not match template `labels`/);
  check('containerPort: 80', 'containerPort: 80000', /containers\[0\]\.ports\[0\]\.containerPort: Invalid value: 80000/);
  check('image: "myregistry/myimage:1.0", ', '', /containers\[0\]\.image: Required value/);
  check('{name: myapp}', '{name: My_App}', /metadata\.name: Invalid value/);
});

test('an unknown field is a warning where the request says so', () => {
  const body = parse(manifest.replace('replicas: 3', 'replicas: 3\n  colour: red'));
  assert.deepEqual(decode(deployments, body, { fieldValidation: 'Warn' }).warnings, ['unknown field "spec.colour"']);
  const { object, warnings } = decode(deployments, body, { fieldValidation: 'Ignore' });
  assert.deepEqual(warnings, []);
  assert.equal('colour' in ((object as V1Deployment).spec ?? {}), false);
});

test('an update counts generations, keeps status apart and what may not change', () => {
  const old = prepareForCreate(deployments, made(manifest)) as V1Deployment;
  const scaled = made(manifest.replace('replicas: 3', 'replicas: 5'));
  assert.equal(prepareForUpdate(deployments, scaled, old).metadata.generation, 2);
  assert.equal(prepareForUpdate(deployments, made(manifest), old).metadata.generation, 1);
  const status = prepareForUpdate(deployments, { ...scaled, status: { replicas: 5 } } as V1Deployment, old, 'status') as V1Deployment;
  assert.deepEqual([status.status?.replicas, status.spec?.replicas], [5, 3]);
  const moved = made(manifest.replaceAll('app: myapp', 'app: other'));
  assert.throws(() => validateUpdate(deployments, moved, old), /spec\.selector: .*field is immutable/);
});

test('a Pod may change its image and nothing else', () => {
  const pod = (image: string, extra = '') =>
    decode(pods, parse(`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {${extra} containers: [{name: c, image: "${image}"}]}}`), {
      fieldValidation: 'Strict',
    }).object;
  validateUpdate(pods, pod('a:2'), pod('a:1'));
  assert.throws(() => validateUpdate(pods, pod('a:1', 'hostname: h,'), pod('a:1')), /pod updates may not change fields/);
});

test('the same template has the same hash, whatever the order of its fields', () => {
  const template = { metadata: { labels: { a: '1', b: '2' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
  const reordered = { spec: { containers: [{ image: 'x', name: 'c' }] }, metadata: { labels: { b: '2', a: '1' } } };
  assert.equal(podTemplateHash(template), podTemplateHash(reordered));
  assert.notEqual(podTemplateHash(template), podTemplateHash(template, 1));
  assert.match(podTemplateHash(template), /^[bcdfghjklmnpqrstvwxz2456789]{10}$/);
});

test('a Pod shows the word that tells most', () => {
  const check = (status: V1Pod['status'], word: string, deletionTimestamp?: string) => {
    const pod: V1Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', ...(deletionTimestamp ? { deletionTimestamp } : {}) },
      spec: { containers: [{ name: 'c' }] },
      ...(status ? { status } : {}),
    };
    assert.equal(podStatusWord(pod), word);
  };
  const base = { name: 'c', image: '', imageID: '', ready: false, restartCount: 0 };
  check({ phase: 'Pending' }, 'Pending');
  check({ phase: 'Running', containerStatuses: [{ ...base, state: { waiting: { reason: 'CrashLoopBackOff' } } }] }, 'CrashLoopBackOff');
  check({ phase: 'Failed', containerStatuses: [{ ...base, state: { terminated: { exitCode: 3 } } }] }, 'ExitCode:3');
  check({ phase: 'Running', containerStatuses: [{ ...base, ready: true, state: { running: {} } }] }, 'Running');
  check({ phase: 'Running' }, 'Terminating', '2026-01-01T00:00:00Z');
});

test('a table has the columns and cells of kubectl get', () => {
  const deployment = made(manifest);
  deployment.metadata.creationTimestamp = '2026-01-01T00:00:00Z';
  const table = toTable(deployments, [deployment], { now_ms: Date.parse('2026-01-01T00:03:05Z'), includeObject: 'None' });
  assert.deepEqual(
    table.columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name),
    ['Name', 'Ready', 'Up-to-date', 'Available', 'Age'],
  );
  const [name, ready, , , age] = table.columnDefinitions.map(({ description }) => description);
  assert.equal(ready, 'Number of the pod with ready state');
  assert.match(`${name} ${age}`, /^Name must be unique within a namespace\..* CreationTimestamp is a timestamp/);
  assert.deepEqual(table.rows[0]?.cells.slice(0, 5), ['myapp', '0/3', 0, 0, '3m5s']);
  assert.deepEqual(table.rows[0]?.cells.slice(5), ['mycontainer', 'myregistry/myimage:1.0', 'app=myapp']);
});

test('every description of a column is of a column that there is', () => {
  const [, ...lines] = readFileSync(new URL('facts/column-descriptions.tsv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  for (const line of lines) {
    const [resource, column, , words] = line.split('\t');
    const served = SERVED_RESOURCES.filter((one) => one.resource === resource);
    const shown = served.flatMap((one) => toTable(one, [], { now_ms: 0, includeObject: 'None' }).columnDefinitions).filter(({ name }) => name === column);
    if (served.length === 0) continue;
    assert.ok(shown.length > 0, line);
    for (const { description } of shown) assert.ok(words ? description === words : description !== '', line);
  }
});

test('an update of a status may change labels and finalizers, not of a kind whose status stands alone', () => {
  const update = (resource: typeof deployments, kind: string) => {
    const old = { apiVersion: 'v1', kind, metadata: { name: 'a', labels: { a: 'b' }, annotations: { c: 'd' } } };
    return prepareForUpdate(resource, { ...old, metadata: { name: 'a', finalizers: ['x.y/z'] } }, old, 'status').metadata;
  };
  const [services, attachments] = [findKind('v1', 'Service'), findKind('storage.k8s.io/v1', 'VolumeAttachment')];
  assert.ok(services && attachments);
  assert.deepEqual(update(services, 'Service'), { name: 'a', finalizers: ['x.y/z'] });
  assert.deepEqual(update(attachments, 'VolumeAttachment'), { name: 'a', labels: { a: 'b' }, annotations: { c: 'd' } });
  const wrong = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a', labels: { 'b c': '' } } };
  assert.throws(() => validateStatusUpdate(services, wrong, wrong), /metadata\.labels: Invalid value: "b c"/);
});
