import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './errors.ts';
import { parseOptions, splitCommand, wholeNumber } from './options.ts';

const options = {
  output: { type: 'string', short: 'o' },
  wait: { type: 'boolean', default: true },
  interactive: { type: 'boolean', short: 'i', default: false },
  tty: { type: 'boolean', short: 't', default: false },
  env: { type: 'string', short: 'e', multiple: true },
} as const;

test('options as users of docker and kubectl write them', () => {
  const check = (line: string, expected: object) => {
    const { values } = parseOptions({ args: line.split(' '), options, allowPositionals: true });
    assert.deepEqual({ ...values }, { wait: true, interactive: false, tty: false, ...expected }, line);
  };
  check('-o=json', { output: 'json' });
  check('-ojson', { output: 'json' });
  check('-o json x', { output: 'json' });
  check('--output=a=b', { output: 'a=b' });
  check('--wait=false', { wait: false });
  check('--wait=true', { wait: true });
  check('-it', { interactive: true, tty: true });
  check('-ie A=B -e C=D', { interactive: true, env: ['A=B', 'C=D'] });
  check('-- --wait=false', {});
});

test('options that cannot be understood are refused in words', () => {
  const parse = (line: string) => () => parseOptions({ args: line.split(' '), options });
  assert.throws(parse('--wait=maybe'), UsageError);
  assert.throws(parse('--nothing'), /--nothing/);
  assert.throws(parse('-o'), UsageError);
  assert.throws(() => wholeNumber('--tail', 'x1'), /--tail/);
  assert.equal(wholeNumber('--tail', '12'), 12);
});

test('what follows the first operand is left alone', () => {
  const check = (line: string, own: string, operands: string) =>
    assert.deepEqual(splitCommand(line.split(' '), options), { own: own === '' ? [] : own.split(' '), operands: operands === '' ? [] : operands.split(' ') });
  check('-it -e A=B image sh -c -o', '-it -e A=B', 'image sh -c -o');
  check('-i -- image --help', '-i', 'image --help');
  check('-i', '-i', '');
  check('image -i', '', 'image -i');
});
