import type { V1Container, V1LifecycleHandler } from '#cluster/api';
import { messageOf } from '#kit';
import { HookError } from '../errors.ts';
import { getHttp, runCommand } from '../probes/perform.ts';
import type { PodContext } from './pod-context.ts';

/** Runs a lifecycle hook to its end. Errors: `FailedPostStartHook`, `FailedPreStopHook`, also when `signal` ends it. */
export async function runHook(
  context: PodContext,
  container: V1Container,
  which: 'PostStart' | 'PreStop',
  runId: string,
  address: string,
  signal: AbortSignal,
): Promise<void> {
  const handler = which === 'PostStart' ? container.lifecycle?.postStart : container.lifecycle?.preStop;
  if (handler === undefined) return;
  let outcome: { readonly success: boolean; readonly output: string };
  try {
    outcome = await perform(context, container, handler, runId, address, signal);
  } catch (error) {
    throw new HookError(which, container.name, messageOf(error), error);
  }
  if (!outcome.success) throw new HookError(which, container.name, outcome.output);
}

async function perform(
  { agent }: PodContext,
  container: V1Container,
  handler: V1LifecycleHandler,
  runId: string,
  address: string,
  signal: AbortSignal,
): Promise<{ success: boolean; output: string }> {
  if (handler.sleep) {
    await agent.clock.sleep(handler.sleep.seconds * 1000, signal);
    return { success: true, output: '' };
  }
  if (handler.httpGet) return await getHttp(handler.httpGet, { container, address, wires: agent.machine.wires }, signal);
  const exec = (command: readonly string[]) => agent.runtime.exec(runId, { command, stdin: false, terminal: false });
  return await runCommand(handler.exec?.command ?? [], { exec }, signal);
}
