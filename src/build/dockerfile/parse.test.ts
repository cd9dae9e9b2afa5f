import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDockerfile } from './parse.ts';

const bodies = (source: string) => parseDockerfile(source).instructions.map(({ text: _text, place: _place, ...rest }) => rest);

describe('parseDockerfile', () => {
  const cases: readonly (readonly [string, string, readonly object[]])[] = [
    [
      'comments, continuations and their comments',
      'FROM a\n# x\nRUN one \\\n  # inside\n\n  two\n',
      [
        { kind: 'FROM', image: 'a', line: 1 },
        { kind: 'RUN', line: 3, command: { form: 'shell', line: 'one   two' }, heredocs: [] },
      ],
    ],
    ['stage names', 'FROM --platform=linux/amd64 a:1 AS Build', [{ kind: 'FROM', image: 'a:1', stage: 'build', platform: 'linux/amd64', line: 1 }]],
    [
      'JSON form',
      'FROM a\nCMD ["x", "y z"]',
      [
        { kind: 'FROM', image: 'a', line: 1 },
        { kind: 'CMD', line: 2, command: { form: 'exec', words: ['x', 'y z'] } },
      ],
    ],
    [
      'the escape directive',
      '# escape=`\nFROM a\nRUN x `\n y',
      [
        { kind: 'FROM', image: 'a', line: 2 },
        { kind: 'RUN', line: 3, command: { form: 'shell', line: 'x  y' }, heredocs: [] },
      ],
    ],
    [
      'here-documents',
      "FROM a\nRUN <<'EOF'\n# kept\nx\nEOF\nUSER u",
      [
        { kind: 'FROM', image: 'a', line: 1 },
        { kind: 'RUN', line: 2, command: { form: 'shell', line: "<<'EOF'" }, heredocs: [{ name: 'EOF', content: '# kept\nx\n', expand: false }] },
        { kind: 'USER', value: 'u', line: 6 },
      ],
    ],
    [
      'COPY flags',
      'FROM a\nCOPY --from=b --chown=u:g --chmod=755 x y /z/',
      [
        { kind: 'FROM', image: 'a', line: 1 },
        { kind: 'COPY', line: 2, from: 'b', chown: 'u:g', chmod: '755', sources: ['x', 'y'], target: '/z/', heredocs: [] },
      ],
    ],
    [
      'ENV forms',
      'FROM a\nENV A=1 B="2 3"\nENV C 4 5',
      [
        { kind: 'FROM', image: 'a', line: 1 },
        {
          kind: 'ENV',
          line: 2,
          pairs: [
            ['A', '1'],
            ['B', '"2 3"'],
          ],
        },
        { kind: 'ENV', line: 3, pairs: [['C', '4 5']], old: true },
      ],
    ],
  ];
  for (const [name, source, expected] of cases) it(name, () => assert.deepEqual(bodies(source), expected));

  const failures: readonly (readonly [string, RegExp])[] = [
    ['FROM a\n\nFRM b', /dockerfile parse error on line 3: unknown instruction: FRM \(did you mean FROM\?\)$/],
    ['RUN x', /line 1: no build stage in current context/],
    ['FROM a\nRUN --mount=type=cache true', /line 2: a cache mount has no target: add target=PATH to --mount=type=cache \(in RUN, column 5\)$/],
    ['FROM a\nCOPY x', /line 2: COPY requires at least two arguments/],
    ['FROM a\nRUN <<EOF\nx', /line 2: unterminated heredoc/],
    ['FROM a\nCMD', /line 2: CMD requires at least one argument/],
    ['FROM a\nHEALTHCHECK --interval=x CMD y', /line 2: --interval must be a duration/],
    ['FROM a\nENV A=1 B', /line 2: Syntax error - can't find = in "B"/],
    ['# only', /file with no instructions/],
  ];
  for (const [source, message] of failures) it(`refuses ${JSON.stringify(source)}`, () => assert.throws(() => parseDockerfile(source), message));
});
