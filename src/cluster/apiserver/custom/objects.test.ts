import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, StatusError, Verb } from '#cluster/api';
import type { ApiServer } from '../index.ts';
import { askObject, startTestServer } from '../testkit/server.ts';

const CRD = { resource: { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } };
const FOOS = { resource: { group: 'example.com', version: 'v1', resource: 'foos' }, namespace: 'default' };
const port = {
  type: 'object',
  properties: { port: { type: 'integer' }, protocol: { type: 'string', default: 'UDP' }, name: { type: 'string' } },
  required: ['port'],
};
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'foos.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'foos', kind: 'Foo' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  text: { type: 'string' },
                  kept: { type: 'string', nullable: true },
                  day: { type: 'string', format: 'date' },
                  count: { type: 'integer', format: 'int32' },
                  either: { type: 'string', anyOf: [{ pattern: '^x' }, { pattern: '^y' }] },
                  ports: { type: 'array', items: port, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['port', 'protocol'] },
                },
              },
            },
          },
        },
      },
    ],
  },
};
type Foo = KubeObject & { spec: Record<string, unknown> };

async function withFoos(task: (ask: (verb: Verb, call: object) => Promise<Foo>, server: ApiServer) => Promise<void>): Promise<void> {
  await using server = await startTestServer();
  await askObject(server, 'create', 'customresourcedefinitions', { ...CRD, body: definition });
  await task((verb, call) => askObject(server, verb, 'foos', { ...FOOS, ...call }), server);
}
const foo = (spec: object, more: object = {}) => ({ apiVersion: 'example.com/v1', kind: 'Foo', metadata: { name: 'a' }, spec, ...more });
const refuses = (code: number, message: RegExp) => (error: StatusError) => {
  assert.equal(error.body.code, code);
  assert.match(error.message, message);
  return true;
};

test('an update names the revision that it takes the place of', () =>
  withFoos(async (ask) => {
    const made = await ask('create', { body: foo({ text: 'a' }) });
    const words = /foos\.example\.com "a" is invalid: metadata\.resourceVersion: Invalid value: 0: must be specified for an update/;
    await assert.rejects(ask('update', { name: 'a', body: foo({ text: 'b' }) }), refuses(422, words));
    const put = await ask('update', { name: 'a', body: foo({ text: 'b' }, { metadata: { name: 'a', resourceVersion: made.metadata.resourceVersion } }) });
    assert.equal(put.spec.text, 'b');
  }));

test('a definition that was put without its finalizers still takes its objects along', () =>
  withFoos(async (ask, server) => {
    await ask('create', { body: foo({}, { metadata: { name: 'a', finalizers: ['a.b/c'] } }) });
    const made = await askObject(server, 'get', 'customresourcedefinitions', { ...CRD, name: definition.metadata.name });
    assert.equal(made.metadata.finalizers, undefined);
    const call = { ...CRD, name: definition.metadata.name };
    const gone = (await askObject(server, 'delete', 'customresourcedefinitions', call)) as KubeObject & { status: { conditions: { type: string }[] } };
    assert.deepEqual(gone.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io']);
    assert.ok(gone.status.conditions.some(({ type }) => type === 'Terminating'));
    const left = await ask('get', { name: 'a' });
    assert.deepEqual(left.metadata.finalizers, ['a.b/c']);
  }));

test('an object says what it is', () =>
  withFoos(async (ask) => {
    await assert.rejects(ask('create', { body: foo({}, { kind: undefined }) }), refuses(400, /must be of type Foo\): Object 'Kind' is missing in/));
    await assert.rejects(ask('create', { body: foo({}, { apiVersion: undefined }) }), refuses(400, /the API version in the data \(\) does not match/));
    await assert.rejects(
      ask('create', { body: foo({}, { kind: 'Bar' }) }),
      refuses(422, /^Bar\.example\.com "a" is invalid: kind: Invalid value: "Bar": must be Foo$/),
    );
  }));

test('nulls go where the schema takes none', () =>
  withFoos(async (ask) => {
    const made = await ask('create', { body: foo({ text: null, kept: null }) });
    assert.deepEqual(made.spec, { kept: null });
  }));

test('items are told apart by the default of a key that they leave out', () =>
  withFoos(async (ask) => {
    const apply = (ports: object) => ({ name: 'a', query: { fieldManager: 'm' }, body: foo({ ports }), contentType: 'application/apply-patch+yaml' });
    const made = await ask('patch', apply([{ port: 1, name: 'x' }]));
    assert.deepEqual(made.spec.ports, [{ port: 1, name: 'x', protocol: 'UDP' }]);
    const again = await ask(
      'patch',
      apply([
        { port: 1, protocol: 'UDP', name: 'y' },
        { port: 1, protocol: 'TCP' },
      ]),
    );
    assert.deepEqual(again.spec.ports, [
      { port: 1, name: 'y', protocol: 'UDP' },
      { port: 1, protocol: 'TCP' },
    ]);
  }));
