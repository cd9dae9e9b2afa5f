import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findKind } from '../resources.ts';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

const deployment = findKind('apps/v1', 'Deployment');
const pod = findKind('v1', 'Pod');
assert.ok(deployment && pod);

test('JSON patch does what RFC 6902 shows', () => {
  const check = (target: unknown, patch: unknown, expected: unknown) => assert.deepEqual(jsonPatch(target, patch), expected);
  check({ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' });
  check({ foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] });
  check({ baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' });
  check({ foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] });
  check({ baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' });
  check({ foo: { bar: 'baz', waldo: 'fred' }, qux: {} }, [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }], {
    foo: { bar: 'baz' },
    qux: { thud: 'fred' },
  });
  check({ foo: ['all', 'grass', 'cows', 'eat'] }, [{ op: 'move', from: '/foo/1', path: '/foo/3' }], { foo: ['all', 'cows', 'eat', 'grass'] });
  check({ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }], { foo: ['bar', ['abc', 'def']] });
  check({ '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 });
});

test('JSON patch refuses what it cannot do, naming the place', () => {
  const check = (target: unknown, patch: unknown, words: RegExp) => assert.throws(() => jsonPatch(target, patch), words);
  check({ baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }], /"\/baz"/);
  check({ foo: 'bar' }, [{ op: 'add', path: '/baz/bat', value: 'qux' }], /no "baz"/);
  check({ foo: [1] }, [{ op: 'replace', path: '/foo/01', value: 2 }], /no index/);
  check({}, [{ op: 'frob', path: '/a' }], /frob/);
  check({}, { op: 'add' }, /list of operations/);
});

test('JSON patch leaves its target as it was', () => {
  const target = { a: [1, { b: 2 }] };
  jsonPatch(target, [{ op: 'replace', path: '/a/1/b', value: 3 }]);
  assert.deepEqual(target, { a: [1, { b: 2 }] });
});

test('merge patch does what RFC 7386 shows', () => {
  const check = (target: unknown, patch: unknown, expected: unknown) => assert.deepEqual(mergePatch(target, patch), expected);
  check({ a: 'b' }, { a: 'c' }, { a: 'c' });
  check({ a: 'b', b: 'c' }, { a: null }, { b: 'c' });
  check({ a: ['b'] }, { a: 'c' }, { a: 'c' });
  check({ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } });
  check({ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] });
  check({ e: null }, { a: 1 }, { e: null, a: 1 });
  check({}, { a: { bb: { ccc: null } } }, { a: { bb: {} } });
});

test('a merge patch applied twice is as applied once', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (target, patch) => {
      const once = mergePatch(target, patch);
      assert.deepEqual(mergePatch(once, patch), once);
    }),
  );
});

test('a strategic merge patch merges containers by name and environment by variable', () => {
  const target = {
    spec: {
      template: {
        spec: {
          containers: [
            { name: 'a', image: 'x:1', env: [{ name: 'K', value: '1' }] },
            { name: 'b', image: 'y:1' },
          ],
        },
      },
    },
  };
  const patch = { spec: { template: { spec: { containers: [{ name: 'a', image: 'x:2', env: [{ name: 'L', value: '2' }] }] } } } };
  assert.deepEqual(strategicMergePatch(deployment, target, patch), {
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'a',
              image: 'x:2',
              env: [
                { name: 'L', value: '2' },
                { name: 'K', value: '1' },
              ],
            },
            { name: 'b', image: 'y:1' },
          ],
        },
      },
    },
  });
});

test('a strategic merge patch obeys its directives', () => {
  const check = (target: unknown, patch: unknown, expected: unknown) => assert.deepEqual(strategicMergePatch(pod, target, patch), expected);
  const two = { spec: { containers: [{ name: 'a' }, { name: 'b' }] } };
  check(two, { spec: { containers: [{ name: 'a', $patch: 'delete' }] } }, { spec: { containers: [{ name: 'b' }] } });
  check(two, { spec: { containers: [{ $patch: 'replace' }, { name: 'c' }] } }, { spec: { containers: [{ name: 'c' }] } });
  check(two, { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } }, { spec: { containers: [{ name: 'b' }, { name: 'a' }] } });
  check({ metadata: { finalizers: ['x', 'y'] } }, { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } }, { metadata: { finalizers: ['y'] } });
  check({ metadata: { finalizers: ['x'] } }, { metadata: { finalizers: ['y'] } }, { metadata: { finalizers: ['y', 'x'] } });
  check({ metadata: { labels: { a: '1', b: '2' } } }, { metadata: { labels: { $patch: 'replace', c: '3' } } }, { metadata: { labels: { c: '3' } } });
  check({ metadata: { labels: { a: '1', b: '2' } } }, { metadata: { labels: { a: null } } }, { metadata: { labels: { b: '2' } } });
  assert.deepEqual(
    strategicMergePatch(
      deployment,
      { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } },
      { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
    ),
    { spec: { strategy: { type: 'Recreate' } } },
  );
});

// Each with what a kube-apiserver 1.36 answered.
test('what a strategic merge patch brings stands first, as the patch has it', () => {
  const names = (target: string, patch: string) => {
    const of = (text: string) => ({ spec: { containers: Array.from(text, (name) => ({ name })) } });
    const { spec } = strategicMergePatch(pod, of(target), of(patch)) as { spec: { containers: { name: string }[] } }; // the target's own shape
    return spec.containers.map(({ name }) => name).join('');
  };
  assert.equal(names('abc', 'n'), 'nabc');
  assert.equal(names('abc', 'ba'), 'bac');
  assert.equal(names('abc', 'cn'), 'abcn');
});

test('a strategic merge patch that can not be is refused in Kubernetes’ words', () => {
  const target = { metadata: { finalizers: ['x'] }, spec: { containers: [{ name: 'a' }], strategy: {} } };
  const rows: readonly (readonly [patch: object, words: string, status?: number])[] = [
    [{ $patch: 'foo' }, 'unknown patch type: foo in map: map[$patch:foo]'],
    [{ spec: { containers: [{ name: 'a', $patch: 'merge' }] } }, 'merging lists cannot yet be specified in the patch'],
    [{ spec: { containers: [{ image: 'i' }] } }, 'map: map[image:i] does not contain declared merge key: name'],
    [{ metadata: { '$setElementOrder/finalizers': ['y'], finalizers: ['n'] } }, "The order in patch list:\n[n]\n doesn't match $setElementOrder list:\n[y]\n"],
    [{ metadata: { '$setElementOrder/finalizers': 'x' } }, 'expected a []interface {}, but received a string'],
    [{ spec: { $retainKeys: ['type'], replicas: 1 } }, 'invalid patch format of retainKeys', 400],
    [{ spec: { $retainKeys: 'type' } }, 'invalid patch format of retainKeys', 400],
  ];
  for (const [patch, message, status = 500] of rows) assert.throws(() => strategicMergePatch(pod, target, patch), { message, status }, JSON.stringify(patch));
});

test('a JSON patch sets a member that is not there, counts from the end of a list, and takes no value for null', () => {
  const check = (operation: object, expected: unknown) => assert.deepEqual(jsonPatch({ a: { b: 1 }, l: [1, 2] }, [operation]), expected);
  check({ op: 'replace', path: '/a/n', value: 2 }, { a: { b: 1, n: 2 }, l: [1, 2] });
  check({ op: 'remove', path: '/l/-1' }, { a: { b: 1 }, l: [1] });
  check({ op: 'add', path: '/l/01', value: 9 }, { a: { b: 1 }, l: [1, 9, 2] });
  check({ op: 'add', path: '/a/b' }, { a: { b: null }, l: [1, 2] });
  for (const operation of [
    { op: 'foo', path: '/a' },
    { op: 'add', value: 1 },
    { op: 'remove', path: '' },
    { op: 'remove', path: '/l/-3' },
  ])
    assert.throws(() => jsonPatch({ l: [1, 2] }, [operation]), { status: 422 }, JSON.stringify(operation));
});
