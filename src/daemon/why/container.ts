import { exitMeaning } from './exit-codes.ts';
import type { ContainerFacts, WhyFinding } from './types.ts';

const MIB = 2 ** 20;

/** Why a container ended, won't start or is not well. Pure. */
export function containerFindings(facts: ContainerFacts): readonly WhyFinding[] {
  return [stateFinding(facts), ...exitFindings(facts), ...healthFindings(facts), ...restartFindings(facts), ...logFindings(facts)];
}

function stateFinding({ title, status, exit, image, command }: ContainerFacts): WhyFinding {
  const step = 'state';
  if (status === 'created' && exit === undefined)
    return { step, ok: false, detail: `${title} was made and never started`, advice: 'Start it with "docker start"' };
  const what = `${title} (${image}: ${command.join(' ').slice(0, 120)}) is ${status}`;
  const ended =
    exit !== undefined && exit.startedAt_ms > 0 ? `, since ${moment(exit.finishedAt_ms)}, after ${duration(exit.finishedAt_ms - exit.startedAt_ms)}` : '';
  return { step, ok: status === 'running', detail: `${what}${ended}`, ...(status === 'paused' ? { advice: '"docker unpause" lets it go on' } : {}) };
}

function exitFindings(facts: ContainerFacts): readonly WhyFinding[] {
  const { exit } = facts;
  if (exit === undefined) return [];
  if (exit.error !== undefined) return [{ step: 'start', ok: false, detail: `it could not start: ${exit.error}`, ...adviceForError(exit.error) }];
  return [{ step: 'end', ok: exit.exitCode === 0, ...meaning(facts, exit) }];
}

function adviceForError(error: string): { readonly advice?: string } {
  const port = /publish port \S+:(\d+)\//.exec(error)?.[1];
  if (port !== undefined) return { advice: `"gantry why port ${port}" tells who has the port` };
  if (/not found|no such file/i.test(error))
    return { advice: 'The program is not in the image under that name: see its Entrypoint and Cmd with "gantry inspect"' };
  return /permission denied/i.test(error) ? { advice: 'The program may not be executed: set its mode to 0755 in the image' } : {};
}

function meaning(facts: ContainerFacts, { exitCode, oomKilled }: NonNullable<ContainerFacts['exit']>): Pick<WhyFinding, 'detail' | 'advice'> {
  if (oomKilled)
    return {
      detail: `exit code ${exitCode}: the kernel killed a process because the container was out of memory${limit(facts)}`,
      advice: 'Raise the limit ("docker update --memory … --memory-swap …"), or have the program use less',
    };
  if (exitCode === 137) return killed(facts);
  return exitMeaning(exitCode, facts.signals);
}

function limit({ memory_bytes }: ContainerFacts): string {
  return memory_bytes === undefined ? '' : ` (its limit is ${Math.round(memory_bytes / MIB)} MiB)`;
}

/** By whom SIGKILL was sent. */
function killed({ signals, stopped, forgotten, restart }: ContainerFacts): Pick<WhyFinding, 'detail' | 'advice'> {
  const what = 'exit code 137: it was killed (SIGKILL)';
  const first = signals.find((signal) => signal !== 9);
  if (first !== undefined && signals.includes(9) && stopped)
    return {
      detail: `${what} by "stop": it had not ended in time after the stop signal (${first})`,
      advice:
        'Have the program end at that signal, as the first process of a container only does with a handler of its own; or give it longer ("docker stop -t", --stop-timeout), or an init (--init)',
    };
  if (signals.includes(9) && stopped) return { detail: `${what} by "stop" or "restart", whose time was over at once or whose signal was SIGKILL` };
  if (signals.includes(9)) return { detail: `${what} by "kill" or "rm -f"` };
  if (forgotten)
    return { detail: `${what}; by whom is not remembered: the daemon was started since${restart.isOff ? ', but somebody had asked for the stop' : ''}` };
  return {
    detail: `${what}, not through Gantry: somebody on this machine sent the signal, or the kernel did because the whole machine was out of memory`,
    advice: '"dmesg" names processes that the kernel killed',
  };
}

function healthFindings({ health }: ContainerFacts): readonly WhyFinding[] {
  if (health === undefined) return [];
  const last =
    health.output === undefined
      ? ''
      : `; the last check ended with ${health.exitCode}${health.output.trim() === '' ? '' : ` and said: ${health.output.trim()}`}`;
  const streak = health.failingStreak > 0 ? ` (${health.failingStreak} in a row failed)` : '';
  return [{ step: 'health', ok: health.status !== 'unhealthy', detail: `${health.status}${streak}${last}` }];
}

function restartFindings({ status, exit, restart }: ContainerFacts): readonly WhyFinding[] {
  const { policy, maximumRetries, count, isOff } = restart;
  const step = 'restart';
  const times = count === 0 ? '' : `; it was started again ${count} time${count === 1 ? '' : 's'}`;
  if (status === 'restarting') return [{ step, ok: false, detail: `the policy ${policy} starts it again after a pause that doubles up to one minute${times}` }];
  if (status === 'running') return count === 0 ? [] : [{ step, ok: true, detail: `the policy is ${policy}${times}` }];
  if (exit === undefined) return [];
  if (policy === 'no') return [{ step, ok: true, detail: 'no policy starts it again', advice: '"docker update --restart unless-stopped" would' }];
  if (isOff) return [{ step, ok: true, detail: `the policy ${policy} does not start it again, since it was stopped by hand${times}` }];
  if (policy === 'on-failure' && exit.exitCode === 0) return [{ step, ok: true, detail: 'the policy on-failure does not start again what ended with 0' }];
  if (maximumRetries !== undefined && count >= maximumRetries)
    return [{ step, ok: false, detail: `the policy ${policy} gave up after ${maximumRetries} tries${times}` }];
  return [{ step, ok: true, detail: `the policy is ${policy}${times}` }];
}

function logFindings({ log, exit }: ContainerFacts): readonly WhyFinding[] {
  if (log.length > 0) return [{ step: 'log', ok: true, detail: `the last lines:\n${log.join('\n')}` }];
  return exit === undefined ? [] : [{ step: 'log', ok: true, detail: 'it wrote nothing' }];
}

function moment(at_ms: number): string {
  return new Date(at_ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function duration(span_ms: number): string {
  if (span_ms < 10_000) return `${(span_ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(span_ms / 1000);
  return seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
