import type { AgentContext, AgentStats, RuntimeContainer } from '../types.ts';

interface Sample {
  readonly at_ms: number;
  readonly cpu_total_ns: number;
  readonly memory_bytes: number;
}
interface Round {
  readonly at_ms: number;
  readonly node: Sample;
  readonly containers: ReadonlyMap<string, { readonly run: RuntimeContainer; readonly sample: Sample }>;
}

const WINDOW_SHORTEST_MS = 200;
/** A sample older than this says little of now. */
const WINDOW_LONGEST_MS = 60_000;

/** Usage of the node and its Pods: CPU as a rate since the sample before, measured only when somebody asks. */
export class Stats {
  readonly #agent: AgentContext;
  #last: Round | undefined;
  #asking: Promise<AgentStats> | undefined;

  constructor(agent: AgentContext) {
    this.#agent = agent;
  }

  read(): Promise<AgentStats> {
    this.#asking ??= this.#read().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #read(): Promise<AgentStats> {
    const { clock } = this.#agent;
    let before = this.#last;
    let now = await this.#sample();
    const age_ms = before === undefined ? 0 : now.at_ms - before.at_ms;
    // Containers that are new since would have no rate: a short look gives them one.
    const unknown = [...now.containers.keys()].some((id) => before?.containers.has(id) !== true);
    if (before === undefined || unknown || age_ms < WINDOW_SHORTEST_MS || age_ms > WINDOW_LONGEST_MS) {
      before = now;
      await clock.sleep(WINDOW_SHORTEST_MS);
      now = await this.#sample();
    }
    this.#last = now;
    return this.#stats(before, now);
  }

  async #sample(): Promise<Round> {
    const { runtime, clock, machine: own, logger } = this.#agent;
    const running = (await runtime.listContainers()).filter(({ state }) => state.status === 'running');
    const containers = new Map<string, { run: RuntimeContainer; sample: Sample }>();
    const take = async (run: RuntimeContainer) => {
      try {
        const { cpu_total_ns, memory_working_set_bytes, read_ms } = await runtime.stats(run.id);
        containers.set(run.id, { run, sample: { at_ms: read_ms, cpu_total_ns, memory_bytes: memory_working_set_bytes } });
      } catch (error) {
        // It ended in between.
        logger.debug('Cannot read usage of a container', { container: run.id, error });
      }
    };
    const [machine] = await Promise.all([own.usage(), ...running.map(take)]);
    const at_ms = clock.now();
    return { at_ms, node: { at_ms, ...machine }, containers };
  }

  #stats(before: Round, now: Round): AgentStats {
    const pods = new Map<string, { namespace: string; name: string; containers: { name: string; cpu_nanocores: number; memory_bytes: number }[] }>();
    for (const [id, { run, sample }] of now.containers) {
      const earlier = before.containers.get(id)?.sample;
      if (earlier === undefined) continue;
      const pod = pods.get(run.podUid) ?? { namespace: run.podNamespace, name: run.podName, containers: [] };
      pod.containers.push({ name: run.container, cpu_nanocores: rate(earlier, sample), memory_bytes: sample.memory_bytes });
      pods.set(run.podUid, pod);
    }
    const node = { cpu_nanocores: rate(before.node, now.node), memory_bytes: now.node.memory_bytes };
    return { timestamp_ms: now.at_ms, window_ms: now.at_ms - before.at_ms, node, pods: [...pods.values()] };
  }
}

/** Billionths of a core. Pure. */
export function rate(before: Sample, now: Sample): number {
  const elapsed_ms = now.at_ms - before.at_ms;
  return elapsed_ms <= 0 ? 0 : Math.max(0, Math.round(((now.cpu_total_ns - before.cpu_total_ns) / elapsed_ms) * 1000));
}
