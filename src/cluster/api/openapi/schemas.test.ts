import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApiSchemas, SERVED_RESOURCES } from '../index.ts';

const { schemas, schemaOf } = openApiSchemas(SERVED_RESOURCES);
type Schema = Readonly<Record<string, unknown>> & { readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
const schema = (name: string) => schemas[name] as Schema; // every model's schema has properties

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(schemas).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? '');
  assert.ok(references.length > 100);
  assert.deepEqual(
    references.filter((name) => !(name in schemas)),
    [],
  );
});

test('every served kind is there by its group, version and kind, once', () => {
  const kinds = Object.values(schemas).flatMap((one) =>
    'x-kubernetes-group-version-kind' in one ? [JSON.stringify(one['x-kubernetes-group-version-kind'])] : [],
  );
  assert.equal(new Set(kinds).size, kinds.length);
  for (const resource of SERVED_RESOURCES) {
    const { group, version, kind, listKind } = resource;
    for (const name of [kind, listKind]) assert.ok(kinds.includes(JSON.stringify([{ group, version, kind: name }])), name);
    assert.ok(JSON.stringify(schemaOf(resource)).slice('{"$ref":"#/components/schemas/'.length, -2) in schemas);
  }
});

test('lists say how they merge', () => {
  const { ports } = schema('io.k8s.v1.Container').properties;
  assert.deepEqual(
    [ports?.['x-kubernetes-list-type'], ports?.['x-kubernetes-list-map-keys'], ports?.['x-kubernetes-patch-strategy'], ports?.['x-kubernetes-patch-merge-key']],
    ['map', ['containerPort', 'protocol'], 'merge', 'containerPort'],
  );
  assert.equal(schema('io.k8s.v1.PodSpec').properties.volumes?.['x-kubernetes-patch-strategy'], 'merge,retainKeys');
  assert.equal(schema('io.k8s.v1.LabelSelector')['x-kubernetes-map-type'], 'atomic');
});

test('fields are described and required as the models say', () => {
  const deployment = schema('io.k8s.v1.DeploymentSpec');
  assert.deepEqual(deployment.required, ['selector', 'template']);
  assert.match(String(deployment.properties.replicas?.description), /Number of desired pods/);
  assert.deepEqual(deployment.properties.replicas?.type, 'integer');
  assert.deepEqual(schema('io.k8s.v1.ObjectMeta').properties.creationTimestamp?.allOf, [
    { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Time' },
  ]);
});

test('texts that are one of a few say which', () => {
  assert.deepEqual(schema('io.k8s.v1.Container').properties.imagePullPolicy?.enum, ['Always', 'IfNotPresent', 'Never']);
  assert.deepEqual(schema('io.k8s.v1.NetworkPolicySpec').properties.policyTypes?.items, { type: 'string', enum: ['Egress', 'Ingress'] });
  assert.equal(schema('io.k8s.v1.Container').properties.image?.enum, undefined);
});
