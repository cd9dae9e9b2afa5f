import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { lineWriter } from './line-writer.ts';

test('a line that a full disk does not take is lost, and nothing is thrown', () => {
  const full = openSync('/dev/full', 'w');
  try {
    lineWriter(full)('lost\n');
  } finally {
    closeSync(full);
  }
});

test('what is wrong with the program is thrown', () => {
  const closed = openSync('/dev/null', 'w');
  closeSync(closed);
  assert.throws(() => lineWriter(closed)('line\n'), { code: 'EBADF' });
});
