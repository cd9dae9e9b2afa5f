import type { Plan, PlannedStage, PlannedStep, VertexId } from '../plan/graph.ts';
import { chainOf, stepKey } from '../plan/keys.ts';
import type { BuildSession } from '../session.ts';
import type { Execution } from './execution.ts';
import type { StepEvents } from './step-events.ts';
import type { StepLog, Transcript } from './transcript.ts';

/** The logs of a plan's steps, in the order of the file. */
export interface StepLogs {
  readonly bySteps: ReadonlyMap<PlannedStep, StepLog>;
  /** What a vertex says goes to the first step that stands for it. */
  readonly byVertices: ReadonlyMap<VertexId, StepLog>;
  /** Tells what a step said that failed. */
  failed(log: StepLog): Promise<void>;
}

/** Opens a log for each step, with the words that Docker's clients look for: `Step n/m : …`. */
export function openLogs(plan: Plan, transcript: Transcript): StepLogs {
  const steps = [...plan.globals, ...plan.stages.flatMap((stage) => stage.steps)];
  const total = steps.filter(({ announced }) => announced).length;
  const bySteps = new Map<PlannedStep, StepLog>();
  const byVertices = new Map<VertexId, StepLog>();
  let number = 0;
  for (const step of steps) {
    if (step.announced) number += 1;
    const log = transcript.step(`${step.preface ?? ''}${step.announced ? `Step ${number}/${total} : ${step.text}\n` : ''}`);
    bySteps.set(step, log);
    if (step.kind === 'work' && step.vertex !== undefined && !byVertices.has(step.vertex)) byVertices.set(step.vertex, log);
  }
  return { bySteps, byVertices, failed: (log) => transcript.tell(log) };
}

/** Tells how each step of a stage came out, as it does. Answers the keys by which its steps are known again. */
export async function narrateStage(
  session: BuildSession,
  stage: PlannedStage,
  execution: Execution,
  logs: StepLogs & { readonly events: StepEvents },
): Promise<readonly string[]> {
  const keys: string[] = [];
  let top = stage.steps[0]?.vertex;
  for (const step of stage.steps) {
    const log = logs.bySteps.get(step);
    if (log === undefined) continue;
    top = step.vertex ?? top;
    try {
      const chain = top === undefined ? 'scratch' : chainOf(await execution.layersOf(top));
      const key = stepKey(`${keys.at(-1) ?? ''} ${chain}`, step.config, step.history?.author);
      keys.push(key);
      const cached = await isCached(session, step, key, execution);
      logs.events.reached(step, cached ? 'cached' : 'done');
      if (cached) await log.say(' ---> Using cache\n');
      await log.say(step.kind === 'base' && chain === 'scratch' ? ' ---> \n' : ` ---> ${key.slice(0, 12)}\n`);
    } catch (error) {
      if (!session.signal.aborted) await logs.failed(log);
      throw error;
    }
    await log.end();
  }
  return keys;
}

async function isCached(session: BuildSession, step: PlannedStep, key: string, execution: Execution): Promise<boolean> {
  if (step.kind === 'work' && step.vertex !== undefined) return (await execution.outcomeOf(step.vertex)).cached;
  return step.kind === 'metadata' && !session.request.noCache && session.rooms.cache.knowsStep(key);
}
