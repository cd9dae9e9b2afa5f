import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#kit';
import { Limits } from './rate.ts';

test('a bucket empties with requests and fills with time, each client its own', () => {
  let now_ms = 0;
  const limits = new Limits({ requests: { perSecond: 2, burst: 3 } }, { ...systemClock, monotonic: () => now_ms });
  for (let count = 0; count < 3; count += 1) limits.countRequest('a');
  assert.throws(() => limits.countRequest('a'), { code: 'TOOMANYREQUESTS', status: 429, headers: { 'retry-after': '1' } });
  limits.countRequest('b');
  now_ms += 500;
  limits.check('a');
  limits.countRequest('a');
  assert.throws(() => limits.check('a'), { code: 'TOOMANYREQUESTS' });
  now_ms += 60_000;
  for (let count = 0; count < 3; count += 1) limits.countRequest('a');
  assert.throws(() => limits.countRequest('a'), { code: 'TOOMANYREQUESTS' });
});

test('uploads at once', () => {
  const limits = new Limits({ uploads: 1 }, systemClock);
  const end = limits.countUpload('a');
  assert.throws(() => limits.countUpload('a'), { code: 'TOOMANYREQUESTS' });
  limits.countUpload('b')();
  end();
  limits.countUpload('a')();
});
