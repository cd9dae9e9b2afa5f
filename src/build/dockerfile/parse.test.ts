import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DockerfileError } from '../errors.ts';
import { parseDockerfile, parseInstruction } from './parse.ts';
import { bodyOf } from './print.testing.ts';
import { expandedMounts } from './run.ts';

const bodies = (source: string) => parseDockerfile(`FROM base\n${source}`).instructions.slice(1).map(bodyOf);
const shell = (line: string) => ({ form: 'shell', line });
const exec = (...words: string[]) => ({ form: 'exec', words });
const RUN = { kind: 'RUN', heredocs: [] };
const COPY = { kind: 'COPY', heredocs: [] };
const ADD = { kind: 'ADD', heredocs: [] };
const HEX = 'a'.repeat(64);

describe('parseDockerfile', () => {
  const cases: readonly (readonly [string, readonly object[]])[] = [
    ['FROM a', [{ kind: 'FROM', image: 'a' }]],
    ['FROM --platform=$BUILDPLATFORM a:1 AS Build', [{ kind: 'FROM', image: 'a:1', stage: 'build', platform: '$BUILDPLATFORM' }]],
    [`FROM a@sha256:${HEX} as x-1_2.3`, [{ kind: 'FROM', image: `a@sha256:${HEX}`, stage: 'x-1_2.3' }]],
    ['from scratch', [{ kind: 'FROM', image: 'scratch' }]],
    ['FROM ${BASE:-a}', [{ kind: 'FROM', image: '${BASE:-a}' }]],
    ['ARG A', [{ kind: 'ARG', args: [{ name: 'A' }] }]],
    ['ARG A=1 B C="x y" D=', [{ kind: 'ARG', args: [{ name: 'A', value: '1' }, { name: 'B' }, { name: 'C', value: '"x y"' }, { name: 'D', value: '' }] }]],
    [
      'ENV A=1 B="2 3" C=4\\ 5',
      [
        {
          kind: 'ENV',
          pairs: [
            ['A', '1'],
            ['B', '"2 3"'],
            ['C', '4\\ 5'],
          ],
        },
      ],
    ],
    ['ENV A=', [{ kind: 'ENV', pairs: [['A', '']] }]],
    ['ENV C  4 5=6', [{ kind: 'ENV', pairs: [['C', '4 5=6']], old: true }]],
    [
      'LABEL "a b"=\'c d\' e=f',
      [
        {
          kind: 'LABEL',
          pairs: [
            ['"a b"', "'c d'"],
            ['e', 'f'],
          ],
        },
      ],
    ],
    ['LABEL a b', [{ kind: 'LABEL', pairs: [['a', 'b']], old: true }]],
    ['WORKDIR /a b', [{ kind: 'WORKDIR', value: '/a b' }]],
    ['USER u:g', [{ kind: 'USER', value: 'u:g' }]],
    ['STOPSIGNAL SIGKILL', [{ kind: 'STOPSIGNAL', value: 'SIGKILL' }]],
    ['MAINTAINER A B <c@d>', [{ kind: 'MAINTAINER', value: 'A B <c@d>' }]],
    ['CMD ["x", "y z"]', [{ kind: 'CMD', command: exec('x', 'y z') }]],
    ['CMD []', [{ kind: 'CMD', command: exec() }]],
    ["CMD ['x']", [{ kind: 'CMD', command: shell("['x']") }]],
    ['CMD [ "x" ] y', [{ kind: 'CMD', command: shell('[ "x" ] y') }]],
    ['ENTRYPOINT x y', [{ kind: 'ENTRYPOINT', command: shell('x y') }]],
    ['ENTRYPOINT -- --x', [{ kind: 'ENTRYPOINT', command: shell('--x') }]],
    ['SHELL ["a", "-c"]', [{ kind: 'SHELL', words: ['a', '-c'] }]],
    ['EXPOSE 80 53/udp 7000-7010 $P', [{ kind: 'EXPOSE', values: ['80', '53/udp', '7000-7010', '$P'] }]],
    ['VOLUME /a /b', [{ kind: 'VOLUME', values: ['/a', '/b'] }]],
    ['VOLUME ["/a b"]', [{ kind: 'VOLUME', values: ['/a b'] }]],
    ['HEALTHCHECK NONE', [{ kind: 'HEALTHCHECK', options: {} }]],
    ['healthcheck cmd x y', [{ kind: 'HEALTHCHECK', options: {}, command: shell('x y') }]],
    [
      'HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=2h --start-interval=500ms --retries=0 CMD ["x"]',
      [
        {
          kind: 'HEALTHCHECK',
          options: { Interval: 90e9, Timeout: 1.5e9, StartPeriod: 7200e9, StartInterval: 5e8, Retries: 0 },
          command: exec('x'),
        },
      ],
    ],
    ['ONBUILD copy --from=a b c', [{ kind: 'ONBUILD', trigger: 'copy --from=a b c' }]],
    [
      'ONBUILD RUN <<EOF\nx\nEOF\nUSER u',
      [
        { kind: 'ONBUILD', trigger: 'RUN <<EOF\nx\nEOF' },
        { kind: 'USER', value: 'u' },
      ],
    ],
    ['COPY a b /c/', [{ ...COPY, sources: ['a', 'b'], target: '/c/' }]],
    ['COPY ["a b", "c d"]', [{ ...COPY, sources: ['a b'], target: 'c d' }]],
    ['COPY "a b" /c', [{ ...COPY, sources: ['"a b"'], target: '/c' }]],
    [
      'COPY --from=x --chown=u:g --chmod=755 --link --parents=false --exclude=*.md --exclude=!a --  --b /c',
      [{ ...COPY, from: 'x', chown: 'u:g', chmod: '755', link: true, parents: false, excludes: ['*.md', '!a'], sources: ['--b'], target: '/c' }],
    ],
    ['COPY --link=TRUE x y', [{ ...COPY, link: true, sources: ['x'], target: 'y' }]],
    [
      'COPY <<a <<"b" c /d/\n1\na\n2\nb',
      [
        {
          kind: 'COPY',
          heredocs: [
            { name: 'a', content: '1\n', expand: true },
            { name: 'b', content: '2\n', expand: false },
          ],
          sources: ['c'],
          target: '/d/',
        },
      ],
    ],
    [
      `ADD --checksum=sha256:${HEX} --keep-git-dir --unpack=false --link=false https://x /y`,
      [{ ...ADD, checksum: `sha256:${HEX}`, keepGitFolder: true, unpack: false, link: false, sources: ['https://x'], target: '/y' }],
    ],
    ['RUN a && b # c', [{ ...RUN, command: shell('a && b # c') }]],
    ['RUN ["a", "b"]', [{ ...RUN, command: exec('a', 'b') }]],
    ['RUN [ -d x ]', [{ ...RUN, command: shell('[ -d x ]') }]],
    ["RUN <<'E'\n# kept\nE", [{ kind: 'RUN', command: shell("<<'E'"), heredocs: [{ name: 'E', content: '# kept\n', expand: false }] }]],
    ['RUN echo $((1 << 2)) << E\nx\nE', [{ kind: 'RUN', command: shell('echo $((1 << 2)) << E'), heredocs: [{ name: 'E', content: 'x\n', expand: true }] }]],
    [
      'RUN (( 1 << 2 ))\nRUN y',
      [
        { ...RUN, command: shell('(( 1 << 2 ))') },
        { ...RUN, command: shell('y') },
      ],
    ],
    ['RUN --network=none --security=insecure x', [{ ...RUN, network: 'none', security: 'insecure', command: shell('x') }]],
    [
      'RUN --mount=target=/a \\\n  --mount=type=tmpfs,target=/b \\\n  x',
      [
        {
          ...RUN,
          command: shell('x'),
          mounts: [
            { type: 'bind', target: '/a', readWrite: false },
            { type: 'tmpfs', target: '/b' },
          ],
          mountTexts: ['target=/a', 'type=tmpfs,target=/b'],
        },
      ],
    ],
  ];
  for (const [source, expected] of cases) it(source, () => assert.deepEqual(bodies(source), expected));

  it('takes the escape of the file off in flags, and no other', () => {
    const [copy] = parseDockerfile('# escape=`\nFROM a\nCOPY --chown=a\\b --exclude=c`d x /y').instructions.slice(1).map(bodyOf);
    assert.deepEqual(copy, { ...COPY, chown: 'a\\b', excludes: ['cd'], sources: ['x'], target: '/y' });
  });

  it('tells the place of each instruction', () => {
    const { instructions } = parseDockerfile('FROM a\n\n# why\n  run one \\\n  two');
    const [, run] = instructions;
    assert.deepEqual([run?.line, run?.text, run?.place?.word, run?.place?.start, run?.place?.end], [4, 'RUN one   two', 'run', 4, 5]);
    assert.deepEqual([run?.place?.comments, run?.place?.at(0), run?.place?.at(10)], [['why'], { line: 4, column: 3 }, { line: 5, column: 3 }]);
  });
  it('tells blank lines within an instruction', () => {
    const { blanks } = parseDockerfile('FROM a\nRUN a \\\n\n  b\n');
    assert.deepEqual(
      blanks?.map(({ line, instruction }) => [line, instruction.line]),
      [[3, 2]],
    );
  });
  it('reads a trigger with its here-documents again', () => {
    const [onbuild] = bodies('ONBUILD COPY <<-A <<B /x/\n\t1\n\tA\n2\nB');
    assert.ok(onbuild?.kind === 'ONBUILD');
    const fired = parseInstruction({ line: 0, text: onbuild.trigger, heredocs: [] }, '\\');
    assert.deepEqual(bodyOf(fired), {
      kind: 'COPY',
      sources: [],
      target: '/x/',
      heredocs: [
        { name: 'A', content: '1\n', expand: true },
        { name: 'B', content: '2\n', expand: true },
      ],
    });
  });
  it('expands the variables of mounts when the step runs', () => {
    const { instructions } = parseDockerfile('FROM a\nRUN --mount=type=cache,target=/$X,uid=$U x\nRUN --mount=type=tmpfs,target=/t,size=$X x');
    const [, run, wrong] = instructions;
    assert.ok(run?.kind === 'RUN' && wrong?.kind === 'RUN');
    const known = (text: string) => text.replace('$X', 'x').replace('$U', '7');
    const [mount] = expandedMounts(run, known);
    assert.ok(mount?.type === 'cache' && mount.target === '/x' && mount.uid === 7);
    assert.throws(() => expandedMounts(wrong, known), /on line 3: invalid value for size: x: write a size such as 64m or 1g \(in RUN\)/);
  });
});

describe('what does not read is refused', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['FROM a\n\nFRM b', 'line 3: unknown instruction: FRM (did you mean FROM?)'],
    ['FROM a\nwget x', 'line 2: unknown instruction: wget: a Dockerfile has FROM, ARG,'],
    ['RUN x', 'line 1: no build stage in current context: the first instruction must be FROM (only ARG may stand before it) (in RUN)'],
    ['ARG A', 'line 1: no build stage in current context'],
    ['# only', 'line 1: file with no instructions'],
    ['', 'line 1: file with no instructions'],
    ['FROM', 'line 1: FROM requires at least one argument: write FROM IMAGE or FROM IMAGE AS STAGE (in FROM)'],
    ['FROM a b', 'line 1: FROM requires either one or three arguments: write FROM IMAGE or FROM IMAGE AS STAGE (in FROM, column 8)'],
    ['FROM a AS', 'line 1: FROM requires either one or three arguments'],
    [
      'FROM a AS 1x',
      'line 1: invalid name for build stage: "1x", name can\'t start with a number or contain symbols: use letters, digits, - _ and . (in FROM, column 11)',
    ],
    ['FROM --platform a', 'line 1: missing a value on flag: --platform: write --platform=VALUE (in FROM, column 6)'],
    ['FROM --plattform=x a', 'line 1: unknown flag: --plattform (did you mean --platform?): FROM takes --platform (in FROM, column 6)'],
    [
      'FROM a\nCOPY x',
      'line 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined: write COPY SOURCE... DESTINATION',
    ],
    ['FROM a\nCOPY a" /x', 'line 2: unexpected end of statement while looking for a matching quote: close it, or write \\ before it (in COPY, column 6)'],
    ['FROM a\nCOPY ["x"]', 'line 2: COPY requires at least two arguments'],
    ['FROM a\nCOPY ["x", 1]', 'line 2: when using JSON array syntax, arrays must be comprised of strings only'],
    ['FROM a\nCOPY ["", "x"]', 'line 2: COPY has an empty path'],
    ['FROM a\nCOPY --form=b x y', 'line 2: unknown flag: --form (did you mean --from?)'],
    ['FROM a\nCOPY --from= x y', 'line 2: missing a value on flag: --from'],
    ['FROM a\nCOPY --chown=a \\\n  --chown=b x y', 'line 2: duplicate flag specified: --chown: write it once (in COPY, line 3, column 3)'],
    ['FROM a\nCOPY --link=maybe x y', 'line 2: expecting boolean value for flag --link, not: maybe: write true or false'],
    ['FROM a\nCOPY --link= x y', 'line 2: missing a value on flag: --link'],
    ['FROM a\nCOPY x <<EOF\nEOF', 'line 2: COPY cannot accept a heredoc as a destination'],
    ['FROM a\nADD --from=b x y', 'line 2: unknown flag: --from'],
    ['FROM a\nADD --checksum=md5:1 x y', 'line 2: invalid checksum digest format: "md5:1"'],
    ['FROM a\nRUN', 'line 2: RUN requires at least one argument: write RUN COMMAND'],
    ['FROM a\nRUN --network=none', 'line 2: RUN requires at least one argument'],
    ['FROM a\nRUN --network=off x', 'line 2: invalid network mode "off": write one of default, none, host (in RUN, column 5)'],
    ['FROM a\nRUN --security=on x', 'line 2: invalid security mode "on"'],
    ['FROM a\nRUN --mount=target=/ true', 'line 2: invalid mount target "/": mount below the root, not upon it (in RUN, column 5)'],
    ['FROM a\nRUN <<EOF\nx', 'line 2: unterminated heredoc: end it with a line that holds EOF alone'],
    ['FROM a\nRUN ["x", {}]', 'line 2: when using JSON array syntax'],
    ['FROM a\nCMD', 'line 2: CMD requires at least one argument: write CMD ["program", "argument"], or CMD [] to take it away'],
    ['\uFEFFFROM --x a', 'line 1: unknown flag: --x: FROM takes --platform (in FROM, column 6)'],
    ['FROM a\nCMD --x', 'line 2: unknown flag: --x: CMD takes no flags; where the word is meant as it is, write -- before it (in CMD, column 5)'],
    ['FROM a\nHEALTHCHECK --interval=x CMD y', 'line 2: --interval must be a duration of at least 1ms, not "x"'],
    ['FROM a\nHEALTHCHECK --interval=10us CMD y', 'line 2: --interval must be a duration of at least 1ms'],
    ['FROM a\nHEALTHCHECK --retries=-1 CMD y', 'line 2: --retries must be a number that is not negative, not "-1"'],
    ['FROM a\nHEALTHCHECK NONE x', 'line 2: HEALTHCHECK NONE takes no arguments'],
    ['FROM a\nHEALTHCHECK TCP 80', 'line 2: Unknown type "TCP" in HEALTHCHECK (try CMD)'],
    ['FROM a\nHEALTHCHECK CMD', 'line 2: Missing command after HEALTHCHECK CMD'],
    [
      'FROM a\nENV A=1 B',
      'line 2: Syntax error - can\'t find = in "B". Must be of the form: name=value: a value with white space needs quotes (in ENV, column 9)',
    ],
    ['FROM a\nENV A', 'line 2: ENV must have two arguments: write ENV A=value'],
    ['FROM a\nENV =1', 'line 2: ENV names can not be blank'],
    ['FROM a\nLABEL a=1 b c', 'line 2: Syntax error - can\'t find = in "b"'],
    ['FROM a\nARG =1', 'line 2: ARG names can not be blank'],
    ['FROM a\nSHELL sh -c', 'line 2: SHELL requires the arguments to be in JSON form'],
    ['FROM a\nSHELL []', 'line 2: SHELL requires at least one argument'],
    ['FROM a\nVOLUME [""]', 'line 2: VOLUME specified can not be an empty string'],
    ['FROM a\nVOLUME []', 'line 2: VOLUME requires at least one argument'],
    ['FROM a\nONBUILD ONBUILD RUN x', "line 2: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ['FROM a\nONBUILD FROM x', "line 2: FROM isn't allowed as an ONBUILD trigger"],
    ['FROM a\nONBUILD COPY x', 'line 2: COPY requires at least two arguments'],
    ['FROM a\nONBUILD FOO x', 'line 2: unknown instruction: FOO'],
  ];
  for (const [source, message] of refused)
    it(JSON.stringify(source), () =>
      assert.throws(
        () => parseDockerfile(source),
        (error) => {
          assert.ok(error instanceof DockerfileError);
          assert.ok(error.message.startsWith(`dockerfile parse error on ${message}`), error.message);
          return true;
        },
      ),
    );
});
