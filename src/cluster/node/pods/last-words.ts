import type { RuntimeContainer } from '../types.ts';
import type { ContainerState } from './container-state.ts';
import type { PodContext } from './pod-context.ts';

const LOG_BYTES_MAX = 2048;
const LOG_LINES = 80;

/** What an ended run left as its message: the file at `terminationMessagePath`, or where the policy says so the end of its log. */
export async function lastWords(context: PodContext, { spec }: ContainerState, run: RuntimeContainer): Promise<string> {
  const written = await context.agent.machine.files.readLastWords(context.uid, run.container, run.attempt);
  if (written !== '' || spec.terminationMessagePolicy !== 'FallbackToLogsOnError' || run.state.status !== 'exited' || run.state.exitCode === 0) return written;
  const parts: Uint8Array[] = [];
  for await (const { content } of context.agent.runtime.logs(run.id, { tail: LOG_LINES })) parts.push(content);
  return Buffer.concat(parts).subarray(-LOG_BYTES_MAX).toString('utf8');
}
