import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLabelSelector, matchesLabels, parseLabelSelector, requirementsOf } from './selectors.ts';

test('label selectors choose what they say', () => {
  const check = (selector: string, labels: Record<string, string>, expected: boolean) =>
    assert.equal(matchesLabels(parseLabelSelector(selector), labels), expected, selector);
  check('', {}, true);
  check('a=1', { a: '1' }, true);
  check('a==1,b!=2', { a: '1', b: '2' }, false);
  check('b!=2', {}, true);
  check('a in (1,2),!c', { a: '2' }, true);
  check('a notin (1,2)', { a: '2' }, false);
  check('app.kubernetes.io/name', { 'app.kubernetes.io/name': '' }, true);
  check('n>3', { n: '4' }, true);
  check('n<3', {}, false);
  assert.throws(() => parseLabelSelector('a=(b'), /unable to parse requirement/);
});

test('an object selector reads as its text does', () => {
  const requirements = requirementsOf({
    matchLabels: { app: 'x' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['a', 'b'] },
      { key: 'old', operator: 'DoesNotExist' },
    ],
  });
  assert.equal(formatLabelSelector(requirements), 'app=x,tier in (a,b),!old');
  assert.deepEqual(parseLabelSelector(formatLabelSelector(requirements)), requirements);
});
