import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findKind, strategicMergePatch } from '../index.ts';

const deployments = findKind('apps/v1', 'Deployment');
assert.ok(deployments);

const named = (names: string) => Array.from(names, (name) => ({ name }));

/** Containers a, b, … are there; the patch brings some and says an order. */
function check(standing: string, brought: string, order: string, expected: string): void {
  assert.ok(deployments);
  const within = (spec: object) => ({ spec: { template: { spec } } });
  const patch = { '$setElementOrder/containers': named(order), ...(brought === '' ? {} : { containers: named(brought) }) };
  assert.deepEqual(
    strategicMergePatch(deployments, within({ containers: named(standing) }), within(patch)),
    within({ containers: named(expected) }),
    `${standing} + ${brought} by ${order}`,
  );
}

test('items that the order does not name keep their place before those they stood before', () => {
  check('sab', '', 'ba', 'sba');
  check('abs', '', 'ba', 'bas');
  check('asb', '', 'ab', 'asb');
});

test('items that the patch brings stand where the order says', () => {
  check('ab', 'n', 'nab', 'nab');
  check('ab', 'n', 'anb', 'anb');
  check('sab', 'n', 'anb', 'sanb');
});

test('no field name reaches beyond the object', () => {
  const configMaps = findKind('v1', 'ConfigMap');
  assert.ok(configMaps);
  const patched = strategicMergePatch(configMaps, { data: {} }, JSON.parse('{"data":{"__proto__":{"x":"1"}}}')) as { data: object }; // the target's own shape
  assert.equal(Object.getPrototypeOf(patched.data), Object.prototype);
});
