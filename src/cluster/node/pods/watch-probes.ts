import { ContainerProbes } from '../probes/container-probes.ts';
import type { RuntimeContainer } from '../types.ts';
import type { ContainerState } from './container-state.ts';
import { ID_SCHEME, reported } from './container-status.ts';
import { containerView } from './observe.ts';
import { type PodContext, tell } from './pod-context.ts';

interface Watching {
  readonly context: () => PodContext;
  /** The Pod's. */
  readonly address: string;
  /** Asks for another look at the Pod. */
  readonly wake: () => void;
}

/** Each running container has its probes, adopted ones with what was known of them. */
export function watchProbes(states: readonly ContainerState[], runs: readonly RuntimeContainer[], watching: Watching): void {
  const { pod } = watching.context();
  for (const state of states) {
    const [run] = containerView(state, pod, runs, 0).runs;
    const running = run?.state.status === 'running' && state.busy !== 'starting' ? run : undefined;
    if (state.probes !== undefined && state.probes.runId !== running?.id) {
      state.probes.probes[Symbol.dispose]();
      state.probes = undefined;
    }
    if (running?.state.status === 'running' && state.probes === undefined)
      state.probes = { runId: running.id, probes: probesOf(state, running.id, running.state.startedAt_ms, watching) };
  }
}

function probesOf(state: ContainerState, runId: string, startedAt_ms: number, { context, address, wake }: Watching): ContainerProbes {
  const { agent, pod } = context();
  const status = reported({ pod }, state);
  const known =
    status?.containerID === `${ID_SCHEME}${runId}` && status.state?.running ? { known: { started: status.started === true, ready: status.ready } } : {};
  const exec = (command: readonly string[]) => agent.runtime.exec(runId, { command, stdin: false, terminal: false });
  return new ContainerProbes(state.spec, {
    clock: agent.clock,
    target: { container: state.spec, address, wires: agent.machine.wires, exec },
    startedAt_ms,
    ...known,
    onChange: wake,
    onFailure: (kind, output) => tell(context(), 'Warning', 'Unhealthy', `${kind[0]?.toUpperCase()}${kind.slice(1)} probe failed: ${output}`, state.spec),
  });
}
