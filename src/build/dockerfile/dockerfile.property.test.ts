import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DockerfileError } from '../errors.ts';
import type { InstructionBody, RunMount } from './instructions.ts';
import { NAMES, parseDockerfile } from './parse.ts';
import { bodyOf, disturbed, printDockerfile, printInstruction } from './print.testing.ts';

const word = fc
  .string({ unit: fc.constantFrom('a', 'b', '$X', '${Y:-z}', '.', '/', '-', 'ü', '1'), minLength: 1, maxLength: 8 })
  .filter((text) => !text.startsWith('-'));
const any = fc.string({ maxLength: 12 }).filter((text) => !text.includes('\0'));
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const count = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** Takes away what is undefined: an option that is not given is not there. */
function given<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // What was filtered is what the type says.
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}

const shellLine = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => ({ form: 'shell' as const, line: `x ${words.join(' ')}` }));
const command = fc.oneof(
  fc.array(any).map((words) => ({ form: 'exec' as const, words })),
  shellLine,
);
const heredoc = fc.record({
  name: fc.constantFrom('EOF', 'B'),
  content: fc.array(fc.constantFrom('a', '$X', '# b', '', '\tc \\', "'")).map((lines) => lines.map((line) => `${line}\n`).join('')),
  expand: fc.boolean(),
});
const owner = { mode: fc.integer({ min: 0, max: 0o7777 }), uid: count, gid: count };
const path = name.map((text) => `/${text}`);
const mount: fc.Arbitrary<RunMount> = fc.oneof(
  fc.record({ type: fc.constant('bind' as const), target: path, source: optional(path), from: optional(name), readWrite: fc.boolean() }).map(given),
  fc
    .record({
      type: fc.constant('cache' as const),
      target: path,
      id: optional(name),
      from: optional(name),
      source: optional(path),
      sharing: fc.constantFrom('shared' as const, 'private' as const, 'locked' as const),
      readOnly: fc.boolean(),
      ...owner,
    })
    .map(given),
  fc.record({ type: fc.constant('tmpfs' as const), target: path, size_bytes: optional(count), readOnly: optional(fc.constant(true)) }).map(given),
  fc
    .record({ type: fc.constant('secret' as const), id: name, target: optional(path), environment: optional(name), required: fc.boolean(), ...owner })
    .map(given),
  fc.record({ type: fc.constant('ssh' as const), id: optional(name), target: optional(path), required: fc.boolean(), ...owner }).map(given),
);
const copyFlags = { chown: optional(word), chmod: optional(name), link: optional(fc.boolean()), excludes: optional(fc.array(word, { minLength: 1 })) };
const copyBody = {
  sources: fc.array(
    any.filter((text) => text !== '' && !text.startsWith('<<')),
    { minLength: 1, maxLength: 3 },
  ),
  heredocs: fc.constant([]),
  target: any.filter((text) => text !== ''),
};
const duration_ns = fc.oneof(fc.constant(0), fc.integer({ min: 1e6, max: 1e15 }));

const body: fc.Arbitrary<InstructionBody> = fc.oneof(
  fc.record({ kind: fc.constant('FROM' as const), image: word, stage: optional(name), platform: optional(word) }).map(given),
  fc.record({ kind: fc.constant('ARG' as const), args: fc.array(fc.record({ name, value: optional(word) }).map(given), { minLength: 1 }) }),
  fc.record({ kind: fc.constantFrom('ENV' as const, 'LABEL' as const), pairs: fc.array(fc.tuple(name, word), { minLength: 1 }) }),
  fc.record({ kind: fc.constantFrom('ENV' as const, 'LABEL' as const), pairs: fc.tuple(fc.tuple(name, word)), old: fc.constant(true) }),
  fc.record({ kind: fc.constantFrom('WORKDIR' as const, 'USER' as const, 'MAINTAINER' as const), value: word }),
  fc.record({ kind: fc.constant('STOPSIGNAL' as const), value: fc.constantFrom('SIGTERM', 'int', '9', 'RTMIN+3', '$S') }),
  fc.record({ kind: fc.constant('COPY' as const), ...copyBody, ...copyFlags, from: optional(name), parents: optional(fc.boolean()) }).map(given),
  fc
    .record({
      kind: fc.constant('ADD' as const),
      ...copyBody,
      ...copyFlags,
      checksum: optional(fc.constant(`sha256:${'a'.repeat(64)}`)),
      keepGitFolder: optional(fc.boolean()),
      unpack: optional(fc.boolean()),
    })
    .map(given),
  fc.record({ kind: fc.constant('COPY' as const), sources: fc.constant([]), heredocs: fc.array(heredoc, { minLength: 1, maxLength: 2 }), target: path }),
  fc
    .record({
      kind: fc.constant('RUN' as const),
      command: command,
      heredocs: fc.constant([]),
      network: optional(fc.constantFrom('default' as const, 'none' as const, 'host' as const)),
      security: optional(fc.constantFrom('sandbox' as const, 'insecure' as const)),
      mounts: optional(fc.array(mount, { minLength: 1, maxLength: 3 })),
    })
    .map(given),
  heredoc.map((one) => ({ kind: 'RUN' as const, command: { form: 'shell' as const, line: `<<${one.expand ? one.name : `"${one.name}"`}` }, heredocs: [one] })),
  fc.record({ kind: fc.constantFrom('CMD' as const, 'ENTRYPOINT' as const), command }),
  fc.record({ kind: fc.constant('SHELL' as const), words: fc.array(any, { minLength: 1 }) }),
  fc.record({ kind: fc.constant('EXPOSE' as const), values: fc.array(word, { minLength: 1 }) }),
  fc.record({ kind: fc.constant('VOLUME' as const), values: fc.array(path, { minLength: 1 }) }),
  fc
    .record({
      Interval: optional(duration_ns),
      Timeout: optional(duration_ns),
      StartPeriod: optional(duration_ns),
      StartInterval: optional(duration_ns),
      Retries: optional(count),
    })
    .chain((options) =>
      fc
        .constantFrom(...([{}, { command: { form: 'shell', line: 'true' } }] as const))
        .map((test) => ({ kind: 'HEALTHCHECK' as const, options: given(options), ...test })),
    ),
  fc.constantFrom('RUN x', 'COPY --from=a b c', 'RUN <<EOF\nx\nEOF').map((trigger) => ({ kind: 'ONBUILD' as const, trigger })),
);

describe('what holds for every Dockerfile', () => {
  it('what is printed is read again as it was', () =>
    fc.assert(
      fc.property(fc.array(body, { maxLength: 6 }), (bodies) => {
        const file: readonly InstructionBody[] = [{ kind: 'FROM', image: 'base' }, ...bodies];
        assert.deepEqual(bodiesOf(printDockerfile(file)), structuredClone(file));
      }),
      { numRuns: 1500 },
    ));

  it('nothing changes by letters, comments, blank and continued lines, a byte order mark and line ends, and each line is the one it stands on', () => {
    const spelling = fc.record({ bom: fc.boolean(), windows: fc.boolean(), escape: fc.constantFrom('\\' as const, '`' as const) });
    const noise = fc.record({
      above: fc.constantFrom('', '# check', '#', '', '  # x', '\t'),
      inside: fc.constantFrom('', '# a', '', '  ', '\t#b'),
      lower: fc.boolean(),
      cut: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(body, noise), { minLength: 1, maxLength: 5 }), spelling, (given, whole) => {
        const { source, lines } = disturbed(
          given.map(([one, way]) => ({ text: printInstruction(one), ...way })),
          whole,
        );
        assert.deepEqual(bodiesOf(source).slice(1), structuredClone(given.map(([one]) => one)));
        assert.deepEqual(
          parseDockerfile(source).instructions.map(({ place }) => [place?.start, place?.end]),
          lines,
        );
      }),
      { numRuns: 1500 },
    );
  });

  it('it is read or refused as a DockerfileError, with a line of its own: made of the language’s pieces', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ...NAMES,
        'FROM a\n',
        '\n',
        '\\\n',
        '`\n',
        ' ',
        '#',
        '# escape=`\n',
        '<<',
        'EOF',
        '"',
        "'",
        '[',
        ']',
        ',',
        '=',
        '$',
        '{',
        '}',
        '--',
        '--mount=',
        '--from=',
        'type=',
        '\t',
        '\r\n',
        '\uFEFF',
      ),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => readsOrRefuses(pieces.join(''))),
      { numRuns: 4000 },
    );
  });
  it('… made of any bytes', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => readsOrRefuses(Buffer.from(bytes).toString('utf8'))),
      { numRuns: 2000 },
    ));

  it('files that are long in one way only are read in time', () => {
    const long = 200_000;
    for (const unit of ['\\ ', ' ', '"', "'", '<<', '$', '${', '(', '((', '\\', 'a ', '--x=', '--x ', '[', '\t', '=', ',', '\\\n', '#\n', '\n', '`'])
      for (const start of [
        '# escape=',
        'FROM a\nRUN ',
        'FROM a\nENV ',
        'FROM a\nCOPY --',
        'FROM a\nRUN --mount=',
        'FROM a\nCOPY ',
        'FROM a\nHEALTHCHECK ',
        'FROM a\nRUN <<',
        'FROM a\nARG ',
      ])
        readsOrRefuses(start + unit.repeat(long / unit.length));
  });
});

/** What a file says, without places and the words of its mounts. */
function bodiesOf(source: string): readonly unknown[] {
  return structuredClone(
    parseDockerfile(source).instructions.map((instruction) => {
      const { mountTexts: _texts, ...rest } = { mountTexts: undefined, ...bodyOf(instruction) };
      return rest;
    }),
  );
}

function readsOrRefuses(source: string): void {
  try {
    const { instructions } = parseDockerfile(source);
    assert.ok(instructions.length > 0);
    for (const { line, place } of instructions) assert.ok(place !== undefined && place.start === line && place.end >= line);
    // What comes before the first word may be nothing but the end of a line.
    for (const { line, place } of instructions) assert.ok(place !== undefined && place.at(0).line >= line && place.at(0).line <= place.end);
  } catch (error) {
    assert.ok(error instanceof DockerfileError, `a ${String(error)} came out`);
    const lines = source.split('\n').length;
    assert.ok(error.line >= 1 && error.line <= lines, `line ${error.line} of ${lines}`);
    assert.match(error.message, /^dockerfile parse error on line \d+: \S/);
  }
}
