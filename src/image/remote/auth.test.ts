import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chainIds, digestOf } from '../digest.ts';
import { parseChallenge } from './auth.ts';

test('challenges are parsed', () => {
  const check = (header: string, expected: unknown) => assert.deepEqual(parseChallenge(header), expected);
  check('Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push"', {
    scheme: 'bearer',
    parameters: { realm: 'https://auth.example/token', service: 'reg', scope: 'repository:a/b:pull,push' },
  });
  check('basic realm="a \\"b\\""', { scheme: 'basic', parameters: { realm: 'a "b"' } });
  check('Negotiate, Basic realm=x', { scheme: 'basic', parameters: { realm: 'x' } });
  check('Digest realm="x"', undefined);
  check('', undefined);
});

test('chain ids are those of the specification', () => {
  const [a, b, c] = [digestOf('a'), digestOf('b'), digestOf('c')];
  assert.deepEqual(chainIds([a, b, c]), [a, digestOf(`${a} ${b}`), digestOf(`${digestOf(`${a} ${b}`)} ${c}`)]);
  assert.deepEqual(chainIds([]), []);
});
