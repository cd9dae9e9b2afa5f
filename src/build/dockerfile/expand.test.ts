import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { expand, expandHeredoc, ExpansionError, expandWords } from './expand.ts';

const VARIABLES: Readonly<Record<string, string>> = {
  A: 'one',
  EMPTY: '',
  FILE: 'foo.tar.gz',
  BACK: '\\foo',
  PATHS: '/tmp/tmp/bar.txt',
  STARS: 'a***yy*',
  WIDE: 'x  y',
  Ä: 'wide letters',
  PATTERN: '*.',
};
const lookup = (name: string) => VARIABLES[name];

describe('expand', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['$A/${A}x', 'one/onex'],
    ['$NONE.', '.'],
    ['$.', '$.'],
    ['a$', 'a$'],
    ['$1x$22y', 'xy'],
    ['$@$*$#$?$-$$$!$0', ''],
    ['$Ä', 'wide letters'],
    ['${NONE:-d}${EMPTY:-e}${EMPTY-f}', 'de'],
    ['${A:+set}${NONE:+set}${EMPTY+set}${EMPTY:+set}', 'setset'],
    ['${A:?x}${EMPTY?x}', 'one'],
    ['${NONE:-${A}}', 'one'],
    ['${NONE:-${NONE2:-"in $A"}}', 'in one'],
    ['${NONE:-\\${A}}', '${A}'],
    ['${A}}', 'one}'],
    ["'$A'", '$A'],
    ["'\\'", '\\'],
    ['"$A b"', 'one b'],
    ['"\'$A\'"', "'one'"],
    ['\\$A', '$A'],
    ['\\\\$A', '\\one'],
    ['a\\tb', 'atb'],
    ['"a\\tb"', 'a\\tb'],
    ['a\\', 'a'],
    ['"a\\"b"', 'a"b'],
    ['"\\$A"', '$A'],
    ['${FILE%.*}|${FILE%%.*}|${FILE#*.}|${FILE##*.}', 'foo.tar|foo|tar.gz|gz'],
    ['${FILE#$PATTERN}', 'tar.gz'],
    ['${BACK#"\\\\*"}', 'foo'],
    ['${FILE#x}${FILE%x}', 'foo.tar.gzfoo.tar.gz'],
    ['${FILE#}${FILE##}', 'foo.tar.gzfoo.tar.gz'],
    ['${FILE#???}', '.tar.gz'],
    ['${FILE##*}|${FILE#*}', '|foo.tar.gz'],
    ['${STARS%%\\**\\*}', 'a'],
    ['${FILE/o/0}|${FILE//o/0}', 'f0o.tar.gz|f00.tar.gz'],
    ['${FILE/o*r/0}', 'f0.gz'],
    ['${PATHS/\\/tmp/}|${PATHS//\\/tmp/}', '/tmp/bar.txt|/bar.txt'],
    ['${FILE//*/x}', 'x'],
    ['${A//?/$A}', 'oneoneone'],
    ['${A///-}', '-o-n-e-'],
    ['${NONE/a/b}${NONE#a}${NONE%a}', ''],
  ];
  for (const [text, expected] of cases) it(`makes ${expected} of ${text}`, () => assert.equal(expand(text, lookup), expected));

  it('takes the escape character that the file chose', () => {
    assert.equal(expand('`$A \\x ``', lookup, '`'), '$A \\x `');
    assert.equal(expand('"`"\\"', lookup, '`'), '"\\');
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['${NONE:?must}', /^NONE: must$/],
    ['${NONE?}', /^NONE: is not allowed to be unset$/],
    ['${EMPTY:?}', /^EMPTY: is not allowed to be empty$/],
    ['${A', /missing '}'/],
    ['${', /missing '}'/],
    ['${}', /bad substitution/],
    ['${{A}}', /bad substitution/],
    ['${:-x}', /bad substitution/],
    ['${A:-${A}', /missing '}'/],
    ['${A:=x}', /unsupported modifier \(:=\)/],
    ['${A:#x}', /unsupported modifier \(:#\)/],
    ['${A^}', /unsupported modifier \(\^\)/],
    ['${A//x}', /missing '\/' in/],
    ['${FILE#\\q}', /invalid pattern \(\\q\)/],
    ["'x", /single-quote/],
    ['"x', /double-quote/],
    ['${A:-'.repeat(1000), /nested deeper than the 64 allowed/],
  ];
  for (const [text, message] of refused)
    it(`refuses ${text.slice(0, 40)}`, () => assert.throws(() => expand(text, lookup), { constructor: ExpansionError, message }));

  it('refuses a result that grows without end', () =>
    assert.throws(() => expand('$A'.repeat(100), () => 'x'.repeat(100_000)), /longer than the 4194304 characters allowed/));
});

describe('expandWords', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['a  b', ['a', 'b']],
    ['a$WIDE', ['ax', 'y']],
    ['a"$WIDE"b', ['ax  yb']],
    ['a\\ b', ['a b']],
    ["' a '", [' a ']],
    ['$NONE ""', []],
    ['  ', []],
  ];
  for (const [text, expected] of cases) it(`makes ${expected.length} of ${JSON.stringify(text)}`, () => assert.deepEqual(expandWords(text, lookup), expected));
});

describe('expandHeredoc', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['"$A" \'$A\'\n', '"one" \'one\'\n'],
    ['\\$A \\\\ \\x\n', '$A \\ x\n'],
    ['\\\n', '\n'],
    ['${NONE:-"x"}', '"x"'],
  ];
  for (const [text, expected] of cases) it(`makes ${JSON.stringify(expected)}`, () => assert.equal(expandHeredoc(text, lookup), expected));
});

describe('what holds for every text', () => {
  const syntax = fc.string({
    unit: fc.constantFrom('$', '{', '}', ':', '-', '+', '?', '#', '%', '/', '*', '\\', '"', "'", ' ', 'A', 'b', '1', '😀'),
    maxLength: 60,
  });

  it('it is expanded, or refused as an ExpansionError', () =>
    fc.assert(
      fc.property(syntax, fc.constantFrom('\\', '`'), (text, escape) => {
        try {
          assert.equal(typeof expand(text, lookup, escape), 'string');
          assert.ok(Array.isArray(expandWords(text, lookup, escape)));
        } catch (error) {
          assert.ok(error instanceof ExpansionError);
        }
      }),
      { numRuns: 3000 },
    ));
  it('single quotes keep it', () =>
    fc.assert(
      fc.property(
        fc.string().map((text) => text.replaceAll("'", '')),
        (text) => assert.equal(expand(`'${text}'`, lookup), text),
      ),
    ));
  it('escaped character by character it stays itself', () =>
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => assert.equal(expand(Array.from(text, (char) => `\\${char}`).join(''), lookup), text))));
  it('a value is never expanded again', () =>
    fc.assert(
      fc.property(fc.string(), (value) =>
        assert.equal(
          expand('${V}"${V}"', () => value),
          value + value,
        ),
      ),
    ));
  it('its words are its text without white space, where nothing protects any', () =>
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '\t', '$V') }), (text) =>
        assert.equal(expandWords(text, () => ' v ').join(''), expand(text, () => ' v ').replace(/\s/g, '')),
      ),
    ));
  it('what # and % take off and what stays make the value; ## and %% take no less', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '.') }),
        fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 6 }),
        (value, pattern) => {
          const made = (modifier: string) => expand(`\${V${modifier}$P}`, (name) => (name === 'V' ? value : pattern));
          assert.ok(value.endsWith(made('#')) && value.endsWith(made('##')) && made('##').length <= made('#').length);
          assert.ok(value.startsWith(made('%')) && value.startsWith(made('%%')) && made('%%').length <= made('%').length);
        },
      ),
      { numRuns: 2000 },
    ));
  it('patterns fit as regular expressions would', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 6 }),
        (value, pattern) => {
          const source = Array.from(pattern, (char) => (char === '*' ? '.*' : char === '?' ? '.' : char === '.' ? '\\.' : char)).join('');
          const lazy = source.replaceAll('.*', '.*?');
          const made = (modifier: string, tail = '') => expand(`\${V${modifier}$P${tail}}`, (name) => (name === 'V' ? value : pattern));
          assert.equal(made('##'), value.replace(new RegExp(`^${source}`, 's'), ''));
          assert.equal(made('#'), value.replace(new RegExp(`^${lazy}`, 's'), ''));
          assert.equal(made('/', '/-'), value.replace(new RegExp(source, 's'), '-'));
        },
      ),
      { numRuns: 2000 },
    ));
});
