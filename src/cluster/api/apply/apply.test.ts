import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, findKind, type KubeObject, StatusError } from '../index.ts';
import { applyPatch } from './apply.ts';
import { decodeFields, difference, intersection, isEmpty, sameFields, union } from './field-set.ts';
import { readFields, writtenFields } from './interned.ts';
import { mergeOrder } from './merge-order.ts';
import { trackUpdate } from './track.ts';

function resourceOf(apiVersion: string, kind: string) {
  const resource = findKind(apiVersion, kind);
  assert.ok(resource);
  return resource;
}
const deployments = resourceOf('apps/v1', 'Deployment');
const configMaps = resourceOf('v1', 'ConfigMap');
const T1 = '2026-01-01T00:00:00Z';
const T2 = '2026-01-02T00:00:00Z';

type Options = { readonly manager?: string; readonly force?: boolean; readonly time?: string; readonly subresource?: string };
function apply(resource: typeof configMaps, live: KubeObject | undefined, body: object, options: Options = {}): KubeObject {
  const { object } = decode(resource, { metadata: { name: 'x' }, ...body }, { fieldValidation: 'Strict', asWritten: true });
  return applyPatch(resource, live, object, { manager: 'one', force: false, time: T1, ...options });
}
const without = ({ metadata: { managedFields: _, ...metadata }, ...object }: KubeObject) => ({ ...object, metadata });
const managers = ({ metadata }: KubeObject) => metadata.managedFields as { manager: string; time: string; fieldsV1: object }[];
const containers = (...list: object[]) => ({ spec: { selector: {}, template: { spec: { containers: list } } } });
const containersOf = (object: KubeObject) => (object as KubeObject & { spec: { template: { spec: { containers: unknown } } } }).spec.template.spec.containers; // made by `containers`

test('the first to apply owns what it says', () => {
  const made = apply(deployments, undefined, containers({ name: 'a', image: 'i', ports: [{ containerPort: 80 }] }));
  assert.deepEqual(managers(made), [
    {
      manager: 'one',
      operation: 'Apply',
      apiVersion: 'apps/v1',
      time: T1,
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:spec': {
          'f:selector': {},
          'f:template': {
            'f:spec': {
              'f:containers': {
                'k:{"name":"a"}': {
                  '.': {},
                  'f:image': {},
                  'f:name': {},
                  'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
                },
              },
            },
          },
        },
      },
    },
  ]);
});

test('to apply the same again changes nothing, not even the time', () => {
  const body = containers({ name: 'a', image: 'i' });
  const once = apply(deployments, undefined, body);
  assert.deepEqual(apply(deployments, once, body, { time: T2 }), once);
});

test('what a manager says no more goes, unless another owns it too', () => {
  const one = apply(configMaps, undefined, { data: { a: '1', b: '2', c: '3' } });
  const both = apply(configMaps, one, { data: { b: '2' } }, { manager: 'two' });
  const less = apply(configMaps, both, { data: { a: '1' } });
  assert.deepEqual(without(less), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '1', b: '2' } });
  assert.deepEqual('data' in apply(configMaps, apply(configMaps, undefined, { data: { a: '1' } }), {}), false);
});

test('an item of a list goes whole, with what was defaulted in it', () => {
  const made = apply(deployments, undefined, containers({ name: 'a', image: 'i' }, { name: 'b', image: 'j' }));
  const defaulted = structuredClone(made);
  for (const container of containersOf(defaulted) as { terminationMessagePath?: string }[]) container.terminationMessagePath = '/dev/termination-log'; // as above
  assert.deepEqual(containersOf(apply(deployments, defaulted, containers({ name: 'a', image: 'i' }))), [
    { name: 'a', image: 'i', terminationMessagePath: '/dev/termination-log' },
  ]);
});

test('an item of which another owns a field stays, with its keys', () => {
  const made = apply(deployments, undefined, containers({ name: 'a', image: 'i' }, { name: 'b', image: 'j' }));
  const other = apply(deployments, made, containers({ name: 'b', env: [{ name: 'X', value: '1' }] }), { manager: 'two' });
  const left = apply(deployments, other, containers({ name: 'a', image: 'i' }));
  assert.deepEqual(containersOf(left), [
    { name: 'a', image: 'i' },
    { name: 'b', env: [{ name: 'X', value: '1' }] },
  ]);
});

test("another's field is refused, with the field's path, unless forced", () => {
  const made = apply(deployments, undefined, { spec: { replicas: 3, ...containers({ name: 'a', image: 'i' }).spec } });
  const body = { spec: { replicas: 5, template: { spec: { containers: [{ name: 'a', image: 'k' }] } } } };
  assert.throws(
    () => apply(deployments, made, body, { manager: 'two' }),
    (error) =>
      error instanceof StatusError &&
      error.status === 409 &&
      error.message === 'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.replicas\n- .spec.template.spec.containers[name="a"].image' &&
      error.body.details?.causes?.[0]?.field === '.spec.replicas' &&
      error.body.details.causes[0].reason === 'FieldManagerConflict',
  );
  const forced = apply(deployments, made, body, { manager: 'two', force: true });
  assert.equal((forced as KubeObject & { spec: { replicas: number } }).spec.replicas, 5); // what the body says
  assert.equal(JSON.stringify(managers(forced).find(({ manager }) => manager === 'one')).includes('f:replicas'), false);
});

test('the same value is shared without a conflict', () => {
  const both = apply(configMaps, apply(configMaps, undefined, { data: { a: '1' } }), { data: { a: '1' } }, { manager: 'two' });
  assert.deepEqual(
    // Who changed nothing is not said to have done it at any time, and stands first.
    managers(both).map(({ manager, time }) => [manager, time]),
    [
      ['two', undefined],
      ['one', T1],
    ],
  );
});

test('an update takes fields from those who had them', () => {
  const made = apply(deployments, undefined, { spec: { replicas: 3, ...containers({ name: 'a', image: 'i' }).spec } });
  const scaled = structuredClone(made) as KubeObject & { spec: { replicas: number } }; // what was applied
  scaled.spec.replicas = 7;
  const tracked = trackUpdate(deployments, made, scaled, { manager: 'kubectl', time: T2, subresource: 'scale' });
  assert.deepEqual(managers(tracked).at(-1), {
    manager: 'kubectl',
    operation: 'Update',
    apiVersion: 'apps/v1',
    time: T2,
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    subresource: 'scale',
  });
  assert.throws(
    () => apply(deployments, tracked, { spec: { replicas: 3 } }, { manager: 'one' }),
    /Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps\/v1: \.spec\.replicas/,
  );
  // What is no longer said is the other's now: it stays.
  const silent = apply(deployments, tracked, containers({ name: 'a', image: 'i' }));
  assert.equal((silent as typeof scaled).spec.replicas, 7);
});

test('an update that changes nothing leaves the managers as they were', () => {
  const made = trackUpdate(configMaps, undefined, apply(configMaps, undefined, { data: { a: '1' } }), { manager: 'two', time: T1 });
  assert.deepEqual(trackUpdate(configMaps, made, structuredClone(made), { manager: 'three', time: T2 }), made);
});

test('many updaters become few', () => {
  let object = trackUpdate(
    configMaps,
    undefined,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', labels: { l: '1' } } },
    { manager: 'm', time: T1 },
  );
  for (let i = 0; i < 30; i++) {
    const data = { ...(object as KubeObject & { data?: object }).data, [`k${i}`]: String(i) }; // ConfigMaps' own field
    object = trackUpdate(configMaps, object, { ...object, data } as KubeObject, { manager: `m${i}`, time: `2026-01-01T00:00:${String(i).padStart(2, '0')}Z` });
  }
  assert.equal(managers(object).length, 10);
  assert.ok(managers(object).some(({ manager }) => manager === 'ancient-changes'));
});

test('status is not applied but through its subresource', () => {
  const made = apply(deployments, undefined, { ...containers({ name: 'a' }), status: { replicas: 9 } });
  assert.equal('status' in made, false);
  const status = apply(deployments, made, { spec: { replicas: 9 }, status: { replicas: 2 } }, { manager: 'two', subresource: 'status' });
  assert.deepEqual([(status as KubeObject & { status?: object }).status, JSON.stringify(status).includes('"replicas":9')], [{ replicas: 2 }, false]);
});

test('a list item without its key and a missing manager are refused', () => {
  assert.throws(() => apply(deployments, undefined, containers({ image: 'a' })), /cannot apply \.spec\.template\.spec\.containers\[0\]/);
  assert.throws(() => apply(configMaps, undefined, {}, { manager: '' }), /fieldManager is required/);
});

// The words and outcomes of a kube-apiserver 1.36.
test('items that can’t be told from each other are no object of the kind', () => {
  assert.throws(() => apply(deployments, undefined, containers({ name: 'a' }, { name: 'a' })), {
    status: 500,
    message: 'failed to create typed patch object (/x; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name="a"]',
  });
});

test('what is applied stands behind what stood there, in its own order', () => {
  const order = (standing: string, applied: string) => mergeOrder(Array.from(standing), Array.from(applied)).join('');
  assert.equal(order('e', 'f'), 'ef');
  assert.equal(order('ab', 'ba'), 'ba');
  assert.equal(order('abc', 'nb'), 'anbc');
  assert.equal(order('abc', ''), 'abc');
  assert.equal(order('', 'ab'), 'ab');
});

test('of what nobody was named for, one before the first apply is; an update names nobody', () => {
  const bare: KubeObject & { data: object } = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '1' } };
  assert.equal(trackUpdate(configMaps, bare, { ...bare, data: { a: '2' } } as KubeObject, { manager: 'm', time: T1 }).metadata.managedFields, undefined);
  assert.throws(() => apply(configMaps, bare, { data: { a: '2' } }), /conflict with "before-first-apply" using v1: \.data\.a/);
  const names = managers(apply(configMaps, bare, { data: { a: '1' } })).map(({ manager }) => manager);
  assert.deepEqual(names, ['one', 'before-first-apply']);
});

test('what kubectl applied by itself it may go on with by the server’s apply, as long as it still stands so', () => {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '1', b: '1' } });
  const key = 'kubectl.kubernetes.io/last-applied-configuration';
  const plain = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', annotations: { [key]: text } }, data: { a: '1', b: '7' } };
  const live = trackUpdate(configMaps, undefined, plain, { manager: 'kubectl-client-side-apply', time: T1 });
  const next = apply(configMaps, live, { data: { a: '2' } }, { manager: 'kubectl' });
  assert.equal(next.metadata.annotations?.[key], '{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"x"}}\n');
  assert.throws(() => apply(configMaps, live, { data: { b: '2' } }, { manager: 'kubectl' }), /conflict with "kubectl-client-side-apply"/);
  assert.throws(() => apply(configMaps, live, { data: { a: '2' } }, { manager: 'other' }), /conflict with "kubectl-client-side-apply"/);
});

const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:"y"');
const { tree } = fc.letrec<{ tree: object }>((tie) => ({
  tree: fc.dictionary(element, fc.oneof({ maxDepth: 3 }, fc.constant({}), tie('tree')), { maxKeys: 3 }),
}));
const sets = tree.map(decodeFields);
const dataOf = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'));

test('sets of fields are sets, and are read as they were written', () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      assert.ok(sameFields(decodeFields(writtenFields(a)), a));
      assert.equal(writtenFields(decodeFields(structuredClone(writtenFields(a)))), writtenFields(a));
      assert.ok(sameFields(readFields(writtenFields(a)), a));
      if (sameFields(a, b)) assert.equal(writtenFields(a), writtenFields(b));
      assert.ok(sameFields(union(a, b), union(b, a)));
      assert.ok(sameFields(union(difference(a, b), intersection(a, b)), a));
      assert.ok(isEmpty(intersection(difference(a, b), b)));
    }),
  );
});

test('whoever applies by force has what it says, and its old fields are gone; twice is as once', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('one', 'two', 'three'), dataOf), { minLength: 1, maxLength: 8 }), (steps) => {
      let live: KubeObject | undefined;
      const said = new Map<string, Record<string, string>>();
      for (const [manager, data] of steps) {
        live = apply(configMaps, live, { data }, { manager, force: true });
        assert.deepEqual(apply(configMaps, live, { data }, { manager, force: true, time: T2 }), live);
        for (const [other, own] of said) for (const key of Object.keys(data)) if (other !== manager && own[key] !== data[key]) delete own[key];
        said.set(manager, { ...data });
      }
      const expected = Object.assign({}, ...said.values()) as object;
      assert.deepEqual({ ...(live as KubeObject & { data?: object }).data }, expected);
    }),
  );
});
