import assert from 'node:assert/strict';
import { it } from 'node:test';
import { expand } from './expand.ts';

const VARIABLES: Readonly<Record<string, string>> = { A: 'one', EMPTY: '', FILE: 'foo.tar.gz' };
const cases: readonly (readonly [string, string])[] = [
  ['$A/${A}x', 'one/onex'],
  ['$NONE.', '.'],
  ['${NONE:-d}${EMPTY:-e}${EMPTY-f}', 'de'],
  ['${A:+set}${NONE:+set}', 'set'],
  ['${NONE:-${A}}', 'one'],
  ["'$A'", '$A'],
  ['"$A b"', 'one b'],
  ['\\$A', '$A'],
  ['"a\\"b"', 'a"b'],
  ['${FILE%.*}|${FILE%%.*}|${FILE#*.}|${FILE##*.}', 'foo.tar|foo|tar.gz|gz'],
  ['${FILE/o/0}|${FILE//o/0}', 'f0o.tar.gz|f00.tar.gz'],
];
for (const [text, expected] of cases)
  it(`expands ${text}`, () =>
    assert.equal(
      expand(text, (name) => VARIABLES[name]),
      expected,
    ));
for (const text of ['${NONE:?must}', '${A', "'x", '${A!b}']) it(`refuses ${text}`, () => assert.throws(() => expand(text, (name) => VARIABLES[name])));
