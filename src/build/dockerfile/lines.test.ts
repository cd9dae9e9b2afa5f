import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { logicalLines, spotAt } from './lines.ts';
import { DockerfileSyntaxError } from './syntax-error.ts';

const texts = (source: string) => logicalLines(source).lines.map(({ line, text }) => [line, text]);

describe('logicalLines', () => {
  const cases: readonly (readonly [string, string, readonly (readonly [number, string])[]])[] = [
    ['a byte order mark', '\uFEFFFROM a', [[1, 'FROM a']]],
    [
      'CRLF',
      'FROM a\r\nRUN x \\\r\n  y\r\n',
      [
        [1, 'FROM a'],
        [2, 'RUN x   y'],
      ],
    ],
    ['a comment within', 'RUN a \\\n# no\n  # nor this\n b', [[1, 'RUN a  b']]],
    ['a blank line within', 'RUN a \\\n\n b', [[1, 'RUN a  b']]],
    [
      'a comment that looks continued',
      'RUN a \\\n# no \\\n b\nRUN c',
      [
        [1, 'RUN a  b'],
        [4, 'RUN c'],
      ],
    ],
    ['white space after the escape', 'RUN a \\ \t\n b', [[1, 'RUN a  b']]],
    [
      'a doubled escape ends the line',
      'RUN a\\\\\nRUN b',
      [
        [1, 'RUN a\\\\'],
        [2, 'RUN b'],
      ],
    ],
    ['an escape alone', '\\\nRUN a', [[1, 'RUN a']]],
    ['an escape at the end of the file', 'RUN a \\', [[1, 'RUN a']]],
    ['white space before', '   RUN a', [[1, 'RUN a']]],
    ['a hash within a line', 'RUN a # b', [[1, 'RUN a # b']]],
    ['an instruction split in its name', 'RU\\\nN a', [[1, 'RUN a']]],
    ['a very long line', `RUN ${'x'.repeat(200_000)}`, [[1, `RUN ${'x'.repeat(200_000)}`]]],
  ];
  for (const [name, source, expected] of cases) it(name, () => assert.deepEqual(texts(source), expected));

  it('tells where blank lines and ends are', () => {
    const [line] = logicalLines('# one\n# two\nRUN a \\\n\n  b <<X\nin\nX\nUSER u').lines;
    assert.deepEqual([line?.line, line?.end, line?.blanks, line?.comments], [3, 7, [4], ['one', 'two']]);
  });
  it('a comment that stands apart belongs to nothing', () => {
    assert.deepEqual(logicalLines('# one\n\nRUN a').lines[0]?.comments, []);
    assert.deepEqual(logicalLines('# one\n#\n# two\nRUN a').lines[0]?.comments, ['two']);
  });
  it('finds the place of every character', () => {
    const [line] = logicalLines('\n  RUN one \\\n # no\n    two').lines;
    assert.equal(line?.text, 'RUN one     two');
    assert.deepEqual(line && spotAt(line, 0), { line: 2, column: 3 });
    assert.deepEqual(line && spotAt(line, line.text.indexOf('one')), { line: 2, column: 7 });
    assert.deepEqual(line && spotAt(line, line.text.indexOf('two')), { line: 4, column: 5 });
  });

  it('refuses NUL bytes with their place', () =>
    assert.throws(() => logicalLines('FROM a\nRUN \0'), {
      constructor: DockerfileSyntaxError,
      message: /on line 2: a NUL byte stands in the file: .* \(column 5\)$/,
    }));
  it('refuses a file without end', () => assert.throws(() => logicalLines(`#${'x'.repeat(5 * 2 ** 20)}`), /longer than the 4194304 allowed/));
});

describe('here-documents', () => {
  const cases: readonly (readonly [string, string, readonly (readonly [string, string, boolean])[]])[] = [
    ['plain', 'RUN <<EOF\na\nEOF', [['EOF', 'a\n', true]]],
    ['quoted', 'RUN <<"EOF"\n$a\nEOF', [['EOF', '$a\n', false]]],
    ['single-quoted', "COPY <<'a b' /x\n1\na b", [['a b', '1\n', false]]],
    ['quoted in part', 'COPY <<E"O"F /x\n1\nEOF', [['EOF', '1\n', false]]],
    ['tabs taken off', 'RUN <<-EOF\n\t\ta\n\tEOF', [['EOF', 'a\n', true]]],
    ['tabs kept', 'RUN <<EOF\n\ta\n\tEOF\nEOF', [['EOF', '\ta\n\tEOF\n', true]]],
    ['white space before the name', 'RUN cat << EOF\na\nEOF', [['EOF', 'a\n', true]]],
    ['with a descriptor', 'RUN cat 3<<EOF <&3\na\nEOF', [['EOF', 'a\n', true]]],
    [
      'several',
      'COPY <<A <<B /d/\n1\nA\n2\nB',
      [
        ['A', '1\n', true],
        ['B', '2\n', true],
      ],
    ],
    ['with a command', 'RUN cat <<EOF > /x && y\na\nEOF', [['EOF', 'a\n', true]]],
    ['comments, escapes and blank lines are content', 'RUN <<EOF\n# a\n\nb \\\nEOF', [['EOF', '# a\n\nb \\\n', true]]],
    ['no content', 'RUN <<EOF\nEOF', [['EOF', '', true]]],
    ['in ONBUILD', 'ONBUILD RUN <<EOF\na\nEOF', [['EOF', 'a\n', true]]],
    ['CRLF', 'RUN <<EOF\r\na\r\nEOF\r\n', [['EOF', 'a\n', true]]],
    ['a file name', 'ADD <<conf.d/x.txt /etc/\na\nconf.d/x.txt', [['conf.d/x.txt', 'a\n', true]]],
    ['quoted as a whole it is none', 'RUN echo "<<EOF"', []],
    ['escaped it is none', 'RUN echo \\<<EOF', []],
    ['a here-string is none', 'RUN cat <<<EOF', []],
    ['a shift is none', 'RUN echo $((1<<3)) $((1 << 3))', []],
    ['of another instruction it is none', 'ENV A=<<EOF', []],
    ['in the JSON form it is none', 'RUN ["cat", "<<EOF"]', []],
  ];
  for (const [name, source, expected] of cases)
    it(name, () => {
      const { lines } = logicalLines(`${source}\nUSER last`);
      assert.deepEqual(
        lines[0]?.heredocs.map((one) => [one.name, one.content, one.expand]),
        expected,
      );
      assert.equal(lines.at(-1)?.text, 'USER last');
    });
  it('refuses one without end', () =>
    assert.throws(() => logicalLines('FROM a\nRUN <<EOF\nx\n EOF'), /on line 2: unterminated heredoc: end it with a line that holds EOF alone/));
});

describe('parser directives', () => {
  const escapes: readonly (readonly [string, string])[] = [
    ['# escape=`\nFROM a', '`'],
    ['#escape = `\nFROM a', '`'],
    ['# ESCAPE=\\\nFROM a', '\\'],
    ['# syntax=docker/dockerfile:1\n# escape=`\nFROM a', '`'],
    ['\uFEFF# escape=`\r\nFROM a', '`'],
    ['#!/usr/bin/env x\n# escape=`\nFROM a', '`'],
    ['# a comment\n# escape=`\nFROM a', '\\'],
    ['\n# escape=`\nFROM a', '\\'],
    ['# other=1\n# escape=`\nFROM a', '\\'],
    ['FROM a\n# escape=`', '\\'],
  ];
  for (const [source, expected] of escapes) it(`${JSON.stringify(source)}: ${expected}`, () => assert.equal(logicalLines(source).escape, expected));

  for (const value of [
    'docker/dockerfile:1',
    'docker/dockerfile',
    'docker/dockerfile:1.7-labs',
    'docker/dockerfile:1.4.0',
    'docker.io/docker/dockerfile:1',
    'docker/dockerfile-upstream:master',
    `docker/dockerfile:1@sha256:${'a'.repeat(64)}`,
    'docker/dockerfile:labs',
  ])
    it(`takes the frontend ${value.slice(0, 40)} as built in`, () => assert.equal(logicalLines(`# syntax=${value}\nFROM a`).syntax, value));

  const refused: readonly (readonly [string, RegExp])[] = [
    ['# syntax=example.com/other:1\nFROM a', /on line 1: the frontend "example.com\/other:1" is not supported: only docker\/dockerfile:1/],
    ['# syntax=docker/dockerfile:2\nFROM a', /the frontend "docker\/dockerfile:2" is not supported/],
    ['# escape=x\nFROM a', /on line 1: invalid escape token 'x' does not match ` or \\/],
    ['# escape=`\n# escape=`\nFROM a', /on line 2: only one escape parser directive can be used/],
    ['# check=skip=all\n# check=skip=all\nFROM a', /on line 2: only one check parser directive can be used/],
  ];
  for (const [source, message] of refused)
    it(`refuses ${JSON.stringify(source)}`, () => assert.throws(() => logicalLines(source), { constructor: DockerfileSyntaxError, message }));

  it('keeps what check asks for', () => assert.deepEqual(logicalLines('# check=skip=A;error=true\nFROM a').check, { value: 'skip=A;error=true', line: 1 }));
});
