import { familiarName, formatReference, type Image } from '#image';
import { cacheOf, exportCache } from '../cache/artifact.ts';
import { INLINE_ARG } from '../plan/arguments.ts';
import { DockerfileError } from '../errors.ts';
import { imageOf } from '../output/image.ts';
import type { Plan, VertexId } from '../plan/graph.ts';
import type { BuildSession } from '../session.ts';
import { Execution } from './execution.ts';
import { narrateStage, openLogs } from './narrate.ts';
import { StepEvents } from './step-events.ts';
import { Transcript } from './transcript.ts';

export interface PlanSurroundings {
  readonly contextRoot: string;
  /** Of contexts with names that were sent. */
  readonly namedRoots: ReadonlyMap<string, string>;
  readonly epoch_ms: number | undefined;
  /** Work that the cache does not answer. */
  readonly fresh: ReadonlySet<VertexId>;
  readonly fail: (reason: unknown) => void;
}

/** Does a plan's work, tells of it, and answers the target's image. The first failure ends what else is running. */
export async function performPlan(session: BuildSession, plan: Plan, { fail, ...surroundings }: PlanSurroundings): Promise<Image> {
  const transcript = new Transcript((text) => session.say(text));
  const logs = openLogs(plan, transcript);
  const events = new StepEvents(session, plan);
  await events.declare(plan);
  const execution = new Execution({ session, plan, events, ...surroundings, logs: logs.byVertices });
  for (const step of plan.globals) await logs.bySteps.get(step)?.end();
  let failure: unknown;
  // Everything is begun at once, as far as it does not wait for something else; who tells of it hears how it ended.
  for (const stage of plan.stages) execution.layersOf(stage.result.top).catch(() => undefined);
  const stages = await Promise.allSettled(
    plan.stages.map(async (stage) => {
      try {
        return await narrateStage(session, stage, execution, { ...logs, events });
      } catch (error) {
        failure ??= error;
        fail(error);
        throw error;
      }
    }),
  );
  await execution.settled();
  if (failure !== undefined) throw failure;
  const target = plan.stages.at(-1);
  const steps = stages.flatMap((told) => (told.status === 'fulfilled' ? told.value : []));
  if (!target) throw new DockerfileError(1, 'no build stage in current context');
  const { buildArgs, cacheInline, cacheTo = [], cacheSteps } = session.request;
  const inline = cacheInline === true || buildArgs?.[INLINE_ARG] === '1';
  const image = await imageOf(session, target.result, execution, { epoch_ms: surroundings.epoch_ms, steps, inline });
  for (const cacheExport of cacheTo) {
    await exportCache(session, plan, execution, cacheExport);
    await session.say(`Exported the cache to ${familiarName(formatReference(cacheExport.reference))}\n`);
  }
  if (cacheSteps !== undefined) await session.output({ aux: { CacheSteps: await cacheOf(session, plan, execution, cacheSteps) } });
  return image;
}
