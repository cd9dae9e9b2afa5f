import type { ContainerState } from './container-state.ts';
import { podWords } from './container-status.ts';
import { isBackingOff } from './observe.ts';
import { type PodContext, tell } from './pod-context.ts';
import type { PodView } from './view.ts';

/** Back-offs are told of once for each run and pull. */
export function sayBackoffs(context: PodContext, states: readonly ContainerState[], view: PodView): void {
  for (const [index, container] of view.containers.entries()) {
    const state = states[index];
    const run = container.runs[0];
    if (state === undefined || state.busy !== undefined) continue;
    if (state.problem !== undefined && isBackingOff(state.problem, view.now_ms)) {
      const key = `pull/${state.problem.at_ms}`;
      if (state.backoffSaid === key) continue;
      state.backoffSaid = key;
      tell(context, 'Normal', 'BackOff', `Back-off pulling image "${state.spec.image}"`, state.spec);
      tell(context, 'Warning', 'Failed', 'Error: ImagePullBackOff', state.spec);
    } else if (
      run?.state.status === 'exited' &&
      state.crash !== undefined &&
      state.backoffSaid !== run.id &&
      view.now_ms < run.state.finishedAt_ms + state.crash.delay_ms
    ) {
      state.backoffSaid = run.id;
      if (!view.gone && context.pod.metadata.deletionTimestamp === undefined)
        tell(context, 'Warning', 'BackOff', `Back-off restarting failed container ${state.name} in pod ${podWords(view)}`, state.spec);
    }
  }
}
