import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ignoreMatcher } from './ignore.ts';

const cases: readonly (readonly [string, string, boolean])[] = [
  ['*.md', 'README.md', true],
  ['*.md', 'docs/README.md', false],
  ['**/*.md', 'README.md', true],
  ['**/*.md', 'a/b/README.md', true],
  ['*.md\n!README.md', 'README.md', false],
  ['node_modules', 'node_modules/x/y', true],
  ['/build/', 'build/out', true],
  ['# comment\n', '# comment', false],
  ['a/**', 'a/b/c', true],
  ['a/**/z', 'a/z', true],
  ['temp?', 'temp1', true],
  ['temp?', 'temp', false],
  ['[a-c].txt', 'b.txt', true],
  ['[^a-c].txt', 'b.txt', false],
  ['*\n!keep', 'keep/file', false],
  ['./x', 'x', true],
];
for (const [rules, path, expected] of cases)
  it(`${JSON.stringify(rules)} ${expected ? 'takes' : 'leaves'} ${path}`, () => assert.equal(ignoreMatcher(rules)(path), expected));
it('refuses an open class', () => assert.throws(() => ignoreMatcher('[a'), SyntaxError));
