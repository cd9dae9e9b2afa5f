import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { KubeObject } from '#cluster/api';
import { deepFreeze } from './bytes.ts';
import { Siblings } from './siblings.ts';

type Shaped = KubeObject & { spec?: unknown };

const podOf = (name: string, spec: unknown, owner?: string): Shaped => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...(owner === undefined ? {} : { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner }] }) },
  spec,
});

test('what two objects of one owner have in common is held once, what differs is not', () => {
  const siblings = new Siblings();
  const one = podOf('a', { nodeName: 'n1', containers: [{ name: 'main', env: [{ name: 'X', value: '1' }] }] }, 'rs');
  const other = podOf('b', { nodeName: 'n2', containers: [{ name: 'main', env: [{ name: 'X', value: '1' }] }] }, 'rs');
  siblings.share(one, undefined);
  deepFreeze(one);
  siblings.share(other, undefined);
  const [mine, theirs] = [other.spec as { containers: unknown; nodeName: string }, one.spec as { containers: unknown }];
  assert.equal(mine.containers, theirs.containers);
  assert.equal(mine.nodeName, 'n2');
  assert.notEqual(other.metadata, one.metadata);
});

test('a text that stands at the same place in the sibling is held once, too', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void; // V8's, which has no type
  const [siblings, text_bytes, count] = [new Siblings(), 100_000, 200];
  const held: Shaped[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < count; index += 1) {
    const pod = podOf(`pod-${index}`, { number: index, text: Buffer.alloc(text_bytes, 'x').toString() }, 'rs');
    siblings.share(pod, undefined);
    held.push(deepFreeze(pod));
  }
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < (count * text_bytes) / 4, `${grown} bytes for ${held.length} objects`);
});

test('property: an object is what it was, whatever it is compared with', () => {
  // Names that every object of JavaScript has by birth are names like any other.
  const key = fc.oneof(fc.constantFrom('constructor', '__proto__', 'toString', 'a', 'b'), fc.string({ maxLength: 2 }));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 1, '', 'x'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(tree, tree, fc.boolean(), (first, second, isFrozen) => {
      // As it comes out of a request's body.
      const json = (value: unknown): Shaped => JSON.parse(JSON.stringify(podOf('x', value))) as Shaped;
      const [one, other] = [deepFreeze(json(first)), json(second)];
      if (isFrozen) deepFreeze(other.spec);
      const before = JSON.stringify(other);
      new Siblings().share(other, one);
      assert.deepEqual(JSON.parse(JSON.stringify(other)), JSON.parse(before));
    }),
    { numRuns: 500 },
  );
});
