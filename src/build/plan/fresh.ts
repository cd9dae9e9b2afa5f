import { contextInvalid } from '../errors.ts';
import type { Plan, VertexId } from './graph.ts';
import { findStage, type Stages } from './stages.ts';

/** The work of those stages that are made anew, whatever the cache has. Pure. Errors: `BUILD_CONTEXT_INVALID` for a stage that there is not. */
export function freshVertices(plan: Plan, stages: Stages, names: readonly string[]): ReadonlySet<VertexId> {
  const wanted = new Set(
    names.map((name) => {
      const stage = findStage(stages.all, name.toLowerCase());
      if (stage) return stage.index;
      const known = stages.all.map(({ from, index }) => from.stage ?? index).join(', ');
      throw contextInvalid(`Cannot leave the cache of stage "${name}" out: there is no such stage (stages: ${known})`);
    }),
  );
  const steps = plan.stages.filter(({ index }) => wanted.has(index)).flatMap((stage) => stage.steps);
  return new Set(steps.flatMap(({ kind, vertex }) => (kind === 'work' && vertex !== undefined ? [vertex] : [])));
}
