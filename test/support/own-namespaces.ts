import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';

const VARIABLE = 'GANTRY_TEST_NAMESPACE';

/**
 * Lets a test file run itself again in namespaces of its own, with loopback up, as the one test `title`. Answers whether it is there already:
 * then its tests are run. `needs` names a program that must be installed.
 */
export function inOwnNamespaces(file: string, title: string, needs: string): boolean {
  if (process.env[VARIABLE] === file) return true;
  const absent = process.getuid?.() !== 0 ? 'needs root' : existsSync(needs) ? false : `${needs} is not installed`;
  void test(`${title}, in namespaces of its own`, { skip: absent }, () => {
    const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env;
    const script = 'ip link set lo up && exec "$@"';
    const words = ['-m', '-n', '--propagation', 'private', 'sh', '-c', script, 'sh', process.execPath, '--test', file];
    const result = spawnSync('unshare', words, { env: { ...environment, [VARIABLE]: file }, encoding: 'utf8' });
    assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
  });
  return false;
}
