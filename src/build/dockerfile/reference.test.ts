import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { expand, ExpansionError } from './expand.ts';
import { parseUntilMistake } from './parse.ts';
import { bodyOf } from './print.testing.ts';

/**
 * Random files and words, made of every instruction, flag, quoting and line end, whose outcome was the same here and in BuildKit's own parser,
 * instructions and shell packages (moby/buildkit 73ed6825c): what each instruction says and which lines it takes, or the line of the mistake.
 */
type Case =
  | { readonly file: string; readonly read: readonly object[] }
  | { readonly file: string; readonly line: number }
  | { readonly word: string; readonly escape: string; readonly expands?: string };

// The file holds what the type says, one case a line.
const cases = readFileSync(new URL('reference.cases.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Case);

/** What the variables of the words held. */
const VARIABLES: Readonly<Record<string, string>> = {
  A: 'foo/bar.baz',
  B: 'a b  c',
  EMPTY: '',
  PATH: '/bin:/usr',
  x_1: '**a??',
  ü: 'ue',
  '1': 'one',
};

function fileOutcome(source: string): object {
  const { file, mistake } = parseUntilMistake(source);
  if (mistake) return { file: source, line: mistake.line };
  const read = file.instructions.map((instruction) => ({ line: instruction.line, end: instruction.place?.end, ...bodyOf(instruction) }));
  // Without the prototypes that JSON does not know.
  return { file: source, read: JSON.parse(JSON.stringify(read)) };
}

function wordOutcome(word: string, escape: string): object {
  try {
    return { word, escape, expands: expand(word, (name) => (Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined), escape) };
  } catch (error) {
    assert.ok(error instanceof ExpansionError);
    return { word, escape };
  }
}

describe('as BuildKit has it', () => {
  it('there are cases of each sort', () => {
    assert.ok(cases.filter((one) => 'read' in one).length > 200);
    assert.ok(cases.filter((one) => 'line' in one).length > 50);
    assert.ok(cases.filter((one) => 'word' in one).length > 120);
  });
  for (const one of cases)
    it('file' in one ? JSON.stringify(one.file) : `${one.escape} ${JSON.stringify(one.word)}`, () =>
      assert.deepEqual('file' in one ? fileOutcome(one.file) : wordOutcome(one.word, one.escape), one),
    );
});
