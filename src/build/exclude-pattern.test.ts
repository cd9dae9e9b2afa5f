import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { excludeSource } from './exclude-pattern.ts';
import { compilePath } from './ignore-pattern.ts';

const fits = (pattern: string, path: string) => new RegExp(`^(?:${excludeSource(pattern)})$`, 'su').test(path);

for (const [pattern, path, expected] of [
  ['a', 'a', true],
  ['a', 'a/b', false],
  ['*.md', 'x.md', true],
  ['*.md', 'd/x.md', false],
  ['**/*.md', 'x.md', true],
  ['**/*.md', 'd/e/x.md', true],
  ['d/**', 'd', false],
  ['d/**', 'd/e/f', true],
  ['d/**/f', 'd/f', true],
  ['d/**/e/**/g', 'd/x/e/y/g', true],
  ['d/**/e/**/g', 'd/e', false],
  ['**', 'x', true],
  ['a?[b-d]', 'axc', true],
  ['a[^b]', 'a/', false],
  ['\\*', '*', true],
  ['\\*', 'x', false],
  ['é*', 'éa', true],
] as const)
  test(`${pattern} ${expected ? 'fits' : 'does not fit'} ${path}`, () => assert.equal(fits(pattern, path), expected));

test('it says the same as the rules of .dockerignore, whatever pattern and path are', () => {
  const piece = fc.constantFrom('a', 'b', '*', '?', '[ab]', '[^a]', '**');
  const name = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
  const pattern = fc.array(fc.oneof(fc.constant('**'), name), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const path = fc.array(
    fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map((chars) => chars.join('')),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(pattern, path, (glob, parts) => {
      const isOut = parts.some((_, index) => fits(glob, parts.slice(0, index + 1).join('/')));
      assert.equal(isOut, compilePath(glob)(parts), `${glob} over ${parts.join('/')}`);
    }),
    { numRuns: 20_000 },
  );
});

test('no pattern takes long, however many ways there are to read it', () => {
  const began = process.cpuUsage();
  const [stars, folders] = [`${'*a'.repeat(60)}b`, `${'**/a/'.repeat(40)}b`];
  assert.equal(fits(stars, 'a'.repeat(250)), false);
  assert.equal(fits(folders, `${'a/'.repeat(500)}c`), false);
  // Going back would take longer than anybody lives.
  assert.ok(process.cpuUsage(began).user < 2_000_000);
});

test('a pattern that does not read is named', () => assert.throws(() => excludeSource('x/[a'), /syntax error in pattern "x\/\[a"/));
