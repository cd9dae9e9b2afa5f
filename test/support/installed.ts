import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { run } from './run.ts';

/** True where the command succeeds. Where it doesn't, the test is shown as skipped with that reason; CI, which must run everything, fails. */
export async function isInstalled(t: TestContext, name: string, command: readonly string[]): Promise<boolean> {
  const { status } = await run(command).catch(() => ({ status: 127 }));
  if (status === 0) return true;
  assert.equal(process.env['CI'], undefined, `${name} must be installed in CI`);
  t.skip(`${name} is not installed: ${command.join(' ')} ended with ${status}`);
  return false;
}
