import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#image';
import { matcherOf } from './pattern.ts';
import { type Change, RepositoryState } from './repository.ts';
import { expiredOf, type RetentionRule } from './retention.ts';

const DAY_MS = 86_400_000;
const put = (name: string, day: number, tags: readonly string[], more: object = {}): Change => ({
  op: 'put',
  digest: digestOf(name),
  entry: { mediaType: 'x', size: 1, references: [], ...more },
  tags,
  at_ms: day * DAY_MS,
});

/** Four releases and a moving tag, an index of two platforms, a signature of one of them, and two manifests that lost their tags. */
function repository(): RepositoryState {
  const state = new RepositoryState('team/app');
  for (const change of [
    put('one', 1, ['v1']),
    put('two', 2, ['v2', 'moving']),
    put('three', 3, ['v3']),
    put('four', 4, ['nightly', 'moving']),
    put('amd64', 1, []),
    put('arm64', 1, []),
    put('index', 5, ['multi'], { references: [digestOf('amd64'), digestOf('arm64')] }),
    put('signature', 1, [], { subject: digestOf('amd64') }),
    put('lost', 1, []),
    put('signature of lost', 1, [], { subject: digestOf('lost') }),
    put('lost lately', 1, ['gone']),
    { op: 'untag', tag: 'gone', at_ms: 9 * DAY_MS } satisfies Change,
  ])
    state.apply(change);
  return state;
}

function check(rule: Omit<RetentionRule, 'repositories'>, tags: readonly string[], manifests: readonly string[]) {
  const expired = expiredOf(repository(), [{ repositories: 'team/*', ...rule }], 10 * DAY_MS);
  assert.deepEqual(expired.tags, tags);
  assert.deepEqual([...expired.manifests].sort(), manifests.map((name) => digestOf(name)).sort());
}

test('rules of retention', () => {
  check({}, [], []);
  check({ keep: {} }, [], []);
  check({ keep: { last: 2 } }, ['moving', 'v1', 'v2', 'v3'], []);
  check({ keep: { last: 100 } }, [], []);
  check({ keep: { youngerThan_ms: 7 * DAY_MS } }, ['v1', 'v2', 'v3'], []);
  check({ keep: { tags: 'v*' } }, ['moving', 'multi', 'nightly'], []);
  check({ keep: { last: 1, tags: 'v*' } }, ['moving', 'nightly'], []);
  check({ untaggedAfter_ms: 2 * DAY_MS }, [], ['lost', 'signature of lost']);
  check({ untaggedAfter_ms: DAY_MS / 2 }, [], ['lost', 'signature of lost', 'lost lately']);
  check({ untaggedAfter_ms: 20 * DAY_MS }, [], []);
});

test('the first rule that matches a repository rules it alone', () => {
  const rules = [{ repositories: 'team/app' }, { repositories: '**', keep: { last: 1 } }];
  assert.deepEqual(expiredOf(repository(), rules, 10 * DAY_MS).tags, []);
  assert.equal(expiredOf(repository(), rules.slice(1), 10 * DAY_MS).tags.length, 5);
  assert.deepEqual(expiredOf(repository(), [{ repositories: 'other', keep: { last: 1 } }], 10 * DAY_MS).tags, []);
});

test('patterns', () => {
  const table: [string, string, boolean][] = [
    ['team/*', 'team/app', true],
    ['team/*', 'team/app/more', false],
    ['team/**', 'team/app/more', true],
    ['*', 'team/app', false],
    ['v1.*', 'v1x0', false],
    ['v1.*', 'v1.0', true],
  ];
  for (const [pattern, text, matches] of table) assert.equal(matcherOf(pattern)(text), matches, `${pattern} ${text}`);
});
