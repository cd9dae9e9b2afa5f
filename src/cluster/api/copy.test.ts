import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyOf } from './copy.ts';

for (const [what, value] of [
  ['a scalar', 'text'],
  ['null', null],
  ['nested objects and lists', { a: [{ b: null }, [1, 'two', false]], c: { d: {} } }],
  ['a key that is no field like others', JSON.parse('{"__proto__": {"polluted": true}, "toString": 1}')],
  ['a moment', { at: new Date(0) }],
] as const)
  test(`${what} is copied as structuredClone does`, () => {
    const copy: unknown = copyOf(value);
    assert.deepEqual(copy, structuredClone(value));
    assert.deepEqual(Object.keys(Object(copy)), Object.keys(Object(value)));
  });

test('nothing of a frozen value is shared with its copy', () => {
  const value = Object.freeze({ list: Object.freeze([Object.freeze({ deep: 1 })]) });
  const copy: { list: { deep: number }[] } = copyOf({ ...value, list: [...value.list] });
  copy.list.push({ deep: 2 });
  const [first] = copy.list;
  assert.ok(first);
  first.deep = 3;
  assert.deepEqual(value, { list: [{ deep: 1 }] });
  const whole = copyOf(value);
  assert.ok(!Object.isFrozen(whole) && !Object.isFrozen(whole.list) && !Object.isFrozen(whole.list[0]));
});
