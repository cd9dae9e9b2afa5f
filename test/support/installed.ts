import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isSystemError } from '#kit';
import { type Outcome, run } from './run.ts';

/**
 * True where the command succeeds. Where it fails because what it needs is not installed, in the words of `absence`, the test is shown as
 * skipped with that reason; where it fails in any other way, the test fails.
 */
export async function isInstalled(t: TestContext, name: string, command: readonly string[], absence: RegExp): Promise<boolean> {
  const { status, stdout, stderr } = await run(command).catch((error: unknown): Outcome => {
    if (!isSystemError(error, 'ENOENT')) throw error;
    return { status: 127, stdout: '', stderr: `${command[0]}: not found` };
  });
  if (status === 0) return true;
  assert.match(`${stdout}${stderr}`, absence, `${name} is there and broken`);
  t.skip(`${name} is not installed`);
  return false;
}
