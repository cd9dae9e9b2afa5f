import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NftShell } from './nft-shell.ts';

test('what can be one line', () => {
  const check = (text: string, expected: boolean) => assert.equal(NftShell.takes(text), expected, text.slice(0, 60));
  check('add table inet x\nadd chain inet x y { type filter hook input priority 0; }\n', true);
  check('flush chain inet x y\ndelete element inet x z { 1.2.3.4 }', true);
  check('table inet x {\n}\n', false);
  check('add table inet x # remark\n', false);
  check(`add element inet x y { ${'1.2.3.4, '.repeat(5000)} }`, false);
});
