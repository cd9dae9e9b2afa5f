import { messageOf } from '#kit';
import type { Plan, PlannedStep, VertexId } from '../plan/graph.ts';
import type { BuildSession } from '../session.ts';
import type { StepEvent } from '../types.ts';

type Ended = 'done' | 'cached';

/** Tells what happens to each step at the moment when it does, for requests that ask for it; steps of stages run at the same time. */
export class StepEvents {
  readonly #session: BuildSession;
  readonly #began_ms: number;
  readonly #ids = new Map<PlannedStep, number>();
  readonly #byVertices = new Map<VertexId, readonly number[]>();
  readonly #started = new Set<number>();
  readonly #ended = new Set<number>();

  constructor(session: BuildSession, plan: Plan) {
    this.#session = session;
    this.#began_ms = session.options.clock.monotonic();
    for (const step of plan.stages.flatMap((stage) => stage.steps)) {
      const id = this.#ids.size + 1;
      this.#ids.set(step, id);
      if (step.kind === 'work' && step.vertex !== undefined) this.#byVertices.set(step.vertex, [...(this.#byVertices.get(step.vertex) ?? []), id]);
    }
  }

  /** Names every step before the first begins. */
  async declare(plan: Plan): Promise<void> {
    if (this.#session.request.stepEvents !== true) return;
    const steps = plan.stages.flatMap((stage) =>
      stage.steps.map((step, index) => ({
        id: this.#ids.get(step) ?? 0,
        name: step.text,
        stage: stage.name ?? String(stage.index),
        number: index + 1,
        total: stage.steps.length,
      })),
    );
    await this.#session.output({ aux: { Steps: steps } });
  }

  /** Work on a vertex begins. */
  started(vertex: VertexId): void {
    for (const id of this.#byVertices.get(vertex) ?? []) this.#start(id);
  }

  /** What a vertex's program writes; a promise asks it to wait. */
  log(vertex: VertexId, text: string): void | Promise<void> {
    const [id] = this.#byVertices.get(vertex) ?? [];
    return id === undefined ? undefined : this.#tell({ id, state: 'log', at_ms: this.#now(), text });
  }

  ended(vertex: VertexId, state: Ended): void {
    for (const id of this.#byVertices.get(vertex) ?? []) this.#end(id, state);
  }

  /** A vertex that fails because the build was given up has not failed itself. */
  failed(vertex: VertexId, error: unknown): void {
    for (const id of this.#byVertices.get(vertex) ?? [])
      if (this.#started.has(id) && !this.#ended.has(id)) {
        this.#ended.add(id);
        const at_ms = this.#now();
        void this.#tell(this.#session.signal.aborted ? { id, state: 'cancelled', at_ms } : { id, state: 'failed', at_ms, message: messageOf(error) });
      }
  }

  /** A step that makes no layer is over as soon as it is reached. */
  reached(step: PlannedStep, state: Ended): void {
    const id = this.#ids.get(step);
    if (id !== undefined) this.#end(id, state);
  }

  #start(id: number): void {
    if (this.#started.has(id)) return;
    this.#started.add(id);
    void this.#tell({ id, state: 'started', at_ms: this.#now() });
  }

  #end(id: number, state: Ended): void {
    if (this.#ended.has(id)) return;
    this.#ended.add(id);
    this.#started.add(id);
    void this.#tell({ id, state, at_ms: this.#now() });
  }

  #tell(event: StepEvent): void | Promise<void> {
    return this.#session.request.stepEvents === true ? this.#session.output({ aux: { Step: event } }) : undefined;
  }

  #now(): number {
    return Math.round(this.#session.options.clock.monotonic() - this.#began_ms);
  }
}
