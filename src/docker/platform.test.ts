import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePlatform } from './platform.ts';

test('platforms are read as words and as JSON', () => {
  const check = (text: string | undefined, expected: unknown) => assert.deepEqual(parsePlatform(text), expected);
  check(undefined, undefined);
  check('linux/amd64', { os: 'linux', architecture: 'amd64' });
  check('linux/arm64/v8', { os: 'linux', architecture: 'arm64', variant: 'v8' });
  check('{"os":"linux","architecture":"arm","variant":"v7"}', { os: 'linux', architecture: 'arm', variant: 'v7' });
  check('{"os":"linux","architecture":"amd64"}', { os: 'linux', architecture: 'amd64' });
  for (const text of ['linux', 'linux/', '/amd64', 'a/b/c/d', '{', '{"os":"linux"}', '[]'])
    assert.throws(() => parsePlatform(text), { code: 'BAD_REQUEST', status: 400 }, text);
});
