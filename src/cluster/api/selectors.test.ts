import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLabelSelector, matchesLabels, requirementsOf } from './selectors.ts';
import { parseLabelSelector } from './label-selector-text.ts';

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
  check('a in (),b in (,1)', { a: '', b: '1' }, true);
  check('in in (in)', { in: 'in' }, true);
  check(' a  =  1 , b ', { a: '1', b: '' }, true);
});

test('a label selector that can’t be read is told in Kubernetes’ words', () => {
  const check = (text: string, words: string | RegExp) => assert.throws(() => parseLabelSelector(text), { message: words }, text);
  check('a=(b', "unable to parse requirement: found '(', expected: identifier");
  check('a in (b', "unable to parse requirement: found '', expected: ',' or ')'");
  check('a in b', "unable to parse requirement: found 'b' expected: '('");
  check('a,', "found '', expected: identifier after ','");
  check('a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
  check('a=b c', "found 'c', expected: ',' or 'end of string'");
  check('=b', "found '=', expected: !, identifier, or 'end of string'");
  check('!=b', "found '!=', expected: !, identifier, or 'end of string'");
  check('a>x', "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer");
  check('-a=b', /^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of/);
  check('a=-b', /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-b": a valid label must be/);
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
