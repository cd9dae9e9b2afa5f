import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ignoreFileNames, ignoreMatcher, ignorePatterns, patternMatcher } from './ignore.ts';
import { namePattern } from './ignore-pattern.ts';

describe('.dockerignore', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['*.md', 'README.md', true],
    ['*.md', 'docs/README.md', false],
    ['*/*.md', 'docs/README.md', true],
    ['**/*.md', 'README.md', true],
    ['**/*.md', 'a/b/README.md', true],
    ['*.md\n!README.md', 'README.md', false],
    ['*.md\n!README*.md\nREADME-secret.md', 'README-secret.md', true],
    ['*.md\n!README*.md\nREADME-secret.md', 'README-open.md', false],
    ['*.md\nREADME-secret.md\n!README*.md', 'README-secret.md', false],
    ['node_modules', 'node_modules/x/y', true],
    ['node_modules', 'sub/node_modules/x', false],
    ['**/node_modules', 'sub/node_modules/x', true],
    ['/build/', 'build/out', true],
    ['build', 'builder', false],
    ['# comment\n', '# comment', false],
    [' # no comment', '# no comment', true],
    ['\uFEFF*.md', 'a.md', true],
    ['*.md\r\n*.txt\r\n', 'a.md', true],
    ['  *.md  ', 'a.md', true],
    ['a/**', 'a', false],
    ['a/**', 'a/b/c', true],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z/below', true],
    ['**', 'any/thing', true],
    ['**/a/**/b', 'x/a/y/a/b', true],
    ['temp?', 'temp1', true],
    ['temp?', 'temp', false],
    ['temp?', 'temp/', true],
    ['[a-c].txt', 'b.txt', true],
    ['[^a-c].txt', 'b.txt', false],
    ['[^a-c].txt', 'd.txt', true],
    ['[!a].txt', '!.txt', true],
    ['[\\]-a].txt', '].txt', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['*\n!keep', 'keep/file', false],
    ['*\n!keep/file', 'keep/other', true],
    ['dir\n!dir/keep', 'dir/keep', false],
    ['dir\n!dir/keep', 'dir/other', true],
    ['./x', 'x', true],
    ['a/../x', 'x', true],
    ['../x', 'x', false],
    ['! x\n', 'x', false],
    ['*\n! x', 'x', false],
    ['.', 'x', false],
    ['/', 'x', false],
    ['.*', '.git/config', true],
    ['?', '😀', true],
    ['a.b', 'axb', false],
    ['a**b', 'axyb', true],
  ];
  for (const [rules, path, expected] of cases)
    it(`${JSON.stringify(rules)} ${expected ? 'takes' : 'leaves'} ${path}`, () => assert.equal(ignoreMatcher(rules)(path.replace(/\/$/, '1')), expected));

  for (const pattern of ['[a', '[', '[]a]', '[-a]', '[a-]', '[^', '[\\', 'x/[', 'a\\', '!', '! '])
    it(`refuses ${pattern}`, () => assert.throws(() => patternMatcher([pattern]), { name: 'SyntaxError', message: /pattern/ }));

  it('names its files, the one of the Dockerfile first', () =>
    assert.deepEqual(ignoreFileNames('docker/app.Dockerfile'), ['docker/app.Dockerfile.dockerignore', '.dockerignore']));
  it('lists its patterns', () => assert.deepEqual(ignorePatterns('# no\n a \n\n!b'), ['a', '!b']));
});

describe('what holds for every pattern', () => {
  const pattern = fc
    .array(fc.constantFrom('a', 'b', '*', '?', '**', '[ab]', '[^a]', 'a*b', '*a*'), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'));
  const path = fc.array(fc.constantFrom('a', 'b', 'ab', 'aab', '.'), { minLength: 1, maxLength: 5 });

  it('it fits as the regular expression that it stands for', () =>
    fc.assert(
      fc.property(pattern, path, (text, parts) => {
        const source = text
          .split('/')
          .map((part) => (part === '**' ? '(?:[^/]+/)*' : `${part.replaceAll('*', '[^/]*').replaceAll('?', '[^/]')}/`))
          .join('');
        const expected = new RegExp(`^${text.endsWith('**') ? `${source}[^/]+/` : source}(?:[^/]+/)*$`).test(`${parts.join('/')}/`);
        assert.equal(patternMatcher([text])(parts.join('/')), expected);
      }),
      { numRuns: 5000 },
    ));
  it('what a rule takes, its exception gives back, and the rule again takes', () =>
    fc.assert(
      fc.property(pattern, path, (text, parts) => {
        const name = parts.join('/');
        assert.equal(patternMatcher(['**', `!${text}`])(name), !patternMatcher([text])(name));
        assert.equal(patternMatcher([text, `!${text}`])(name), false);
        assert.equal(patternMatcher([text, `!${text}`, text])(name), patternMatcher([text])(name));
      }),
    ));
  it('it is compiled or refused as a SyntaxError', () =>
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('[', ']', '^', '-', '\\', '*', '/', '!', 'a', '.') }), fc.string(), (text, name) => {
        try {
          assert.equal(typeof patternMatcher([text])(name), 'boolean');
        } catch (error) {
          assert.ok(error instanceof SyntaxError);
        }
      }),
      { numRuns: 3000 },
    ));
  it('many wildcards take no more time than their number times the name', () => {
    const fits = namePattern(`${'*a'.repeat(2000)}b`);
    assert.equal(fits('a'.repeat(4000)), false);
    assert.equal(patternMatcher([`${'**/a/'.repeat(500)}b`])('a/'.repeat(1000).slice(0, -1)), false);
  });
});
