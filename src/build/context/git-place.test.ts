import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGitPlace, refNames } from './git-place.ts';

const REPOSITORY = 'https://example.com/team/app.git';
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const place = (more: object) => ({ repository: REPOSITORY, ref: '', folder: '', ...more });

for (const [text, expected] of [
  [REPOSITORY, place({})],
  [`${REPOSITORY}#v1`, place({ ref: 'v1' })],
  [`${REPOSITORY}#v1:docker/x`, place({ ref: 'v1', folder: 'docker/x' })],
  [`${REPOSITORY}#:docker`, place({ folder: 'docker' })],
  [`${REPOSITORY}?branch=main&subdir=docker`, place({ ref: 'refs/heads/main', folder: 'docker' })],
  [`${REPOSITORY}?tag=v1`, place({ ref: 'refs/tags/v1' })],
  [`${REPOSITORY}?ref=pull/42/head`, place({ ref: 'pull/42/head' })],
  [`${REPOSITORY}?ref=refs/heads/a&keep-git-dir&submodules=false`, place({ ref: 'refs/heads/a', keepGitFolder: true, submodules: false })],
  [`${REPOSITORY}?tag=v1&checksum=0123456`, place({ ref: 'refs/tags/v1', checksum: '0123456' })],
  [`${REPOSITORY}?commit=${COMMIT}`, place({ ref: COMMIT, checksum: COMMIT })],
  ['git@example.com:team/app#main:x', { repository: 'git@example.com:team/app', ref: 'main', folder: 'x' }],
  ['ssh://git@example.com/app?branch=a', { repository: 'ssh://git@example.com/app', ref: 'refs/heads/a', folder: '' }],
] as const)
  test(`${text} is taken apart`, () => assert.deepEqual(parseGitPlace(text), expected));

for (const [query, problem] of [
  ['?branch=a&tag=b', /branch and tag/],
  ['?colour=red', /there is no colour/],
  ['?tag=a&tag=b', /tag is given twice/],
  ['?checksum=xyz', /"xyz" is no commit/],
  ['?checksum=0123456&commit=0123456', /are the same/],
  ['?submodules=maybe', /submodules is true or false, not maybe/],
  ['?branch=a#b', /not in both/],
] as const)
  test(`${query} is refused`, () => assert.throws(() => parseGitPlace(REPOSITORY + query), problem));

test('a short name may be a branch, a tag or another ref; a whole name is meant as it is', () => {
  assert.deepEqual(refNames('main'), ['refs/heads/main', 'refs/tags/main', 'refs/main']);
  assert.deepEqual(refNames('refs/tags/v1'), ['refs/tags/v1']);
  assert.deepEqual(refNames(''), ['HEAD']);
});
