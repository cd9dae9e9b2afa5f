import type { V2HorizontalPodAutoscalerSpec, V2HPAScalingPolicy, V2HPAScalingRules } from '#cluster/api';

/** What an autoscaler remembers between its looks. */
export interface Memory {
  readonly recommendations: readonly { readonly at_ms: number; readonly replicas: number }[];
  readonly ups: readonly ScaleChange[];
  readonly downs: readonly ScaleChange[];
}
export interface ScaleChange {
  readonly at_ms: number;
  readonly count: number;
}
export interface Rules {
  readonly window_ms: number;
  readonly select: string;
  readonly policies: readonly V2HPAScalingPolicy[];
  readonly tolerance: number;
}
export interface Behavior {
  readonly up: Rules;
  readonly down: Rules;
}
const TOLERANCE = 0.1;

/** The behaviour of an autoscaler, with Kubernetes' defaults where it doesn't say. */
export function behaviorOf({ behavior }: V2HorizontalPodAutoscalerSpec, downWindow_ms: number): Behavior {
  return {
    up: rulesOf(behavior?.scaleUp, 0, [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ]),
    down: rulesOf(behavior?.scaleDown, downWindow_ms, [{ type: 'Percent', value: 100, periodSeconds: 15 }]),
  };
}

function rulesOf(rules: V2HPAScalingRules | undefined, window_ms: number, policies: readonly V2HPAScalingPolicy[]): Rules {
  return {
    window_ms: rules?.stabilizationWindowSeconds === undefined ? window_ms : rules.stabilizationWindowSeconds * 1000,
    select: rules?.selectPolicy ?? 'Max',
    policies: rules?.policies && rules.policies.length > 0 ? rules.policies : policies,
    tolerance: rules?.tolerance === undefined ? TOLERANCE : Number(rules.tolerance),
  };
}

export interface Limited {
  readonly replicas: number;
  /** Set where the windows held the recommendation back. */
  readonly stabilized?: 'up' | 'down';
  readonly limit: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string };
}

/** Pure: the recommendation after stabilisation, the policies' pace and the range. */
export function limit(recommended: number, current: number, spec: V2HorizontalPodAutoscalerSpec, behavior: Behavior, memory: Memory, now_ms: number): Limited {
  const stable = stabilize(recommended, current, behavior, memory, now_ms);
  const held = stable === recommended ? {} : { stabilized: stable > recommended ? ('down' as const) : ('up' as const) };
  const { minReplicas: min = 1, maxReplicas: max } = spec;
  const within = {
    replicas: stable,
    ...held,
    limit: { status: 'False' as const, reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' },
  };
  const limited = (replicas: number, reason: string, message: string): Limited => ({ replicas, ...held, limit: { status: 'True', reason, message } });
  if (stable > current) {
    const pace = Math.max(current, paceUp(current, behavior.up, memory, now_ms));
    if (stable <= Math.min(pace, max)) return within;
    if (max <= pace) return limited(max, 'TooManyReplicas', 'the desired replica count is more than the maximum replica count');
    return limited(pace, 'ScaleUpLimit', 'the desired replica count is increasing faster than the maximum scale rate');
  }
  if (stable < current) {
    const pace = Math.min(current, paceDown(current, behavior.down, memory, now_ms));
    if (stable >= Math.max(pace, min)) return within;
    if (min >= pace) return limited(min, 'TooFewReplicas', 'the desired replica count is less than the minimum replica count');
    return limited(pace, 'ScaleDownLimit', 'the desired replica count is decreasing faster than the maximum scale rate');
  }
  return within;
}

/** The lowest of the recent recommendations bounds growing, the highest bounds shrinking. */
function stabilize(recommended: number, current: number, { up, down }: Behavior, memory: Memory, now_ms: number): number {
  const recent = (window_ms: number) => memory.recommendations.filter(({ at_ms }) => at_ms > now_ms - window_ms).map(({ replicas }) => replicas);
  const lowest = Math.min(recommended, ...recent(up.window_ms));
  const highest = Math.max(recommended, ...recent(down.window_ms));
  return Math.min(Math.max(current, lowest), Math.max(highest, lowest));
}

function paceUp(current: number, rules: Rules, memory: Memory, now_ms: number): number {
  if (rules.select === 'Disabled') return current;
  const limits = rules.policies.map((policy) => {
    const start = current - within(memory.ups, policy, now_ms) + within(memory.downs, policy, now_ms);
    return policy.type === 'Pods' ? start + policy.value : Math.ceil(start * (1 + policy.value / 100));
  });
  return rules.select === 'Min' ? Math.min(...limits) : Math.max(...limits);
}

function paceDown(current: number, rules: Rules, memory: Memory, now_ms: number): number {
  if (rules.select === 'Disabled') return current;
  const limits = rules.policies.map((policy) => {
    const start = current - within(memory.ups, policy, now_ms) + within(memory.downs, policy, now_ms);
    return policy.type === 'Pods' ? start - policy.value : Math.trunc(start * (1 - policy.value / 100));
  });
  return rules.select === 'Min' ? Math.max(...limits) : Math.min(...limits);
}

function within(changes: readonly ScaleChange[], { periodSeconds }: V2HPAScalingPolicy, now_ms: number): number {
  return changes.filter(({ at_ms }) => at_ms > now_ms - periodSeconds * 1000).reduce((sum, { count }) => sum + count, 0);
}

/** Pure: the memory after a look; what no window or period reaches any more is dropped. */
export function remember(memory: Memory, behavior: Behavior, recommended: number, change: number, now_ms: number): Memory {
  const periods = [...behavior.up.policies, ...behavior.down.policies].map(({ periodSeconds }) => periodSeconds * 1000);
  const longest_ms = Math.max(behavior.up.window_ms, behavior.down.window_ms, ...periods);
  const keep = <T extends { readonly at_ms: number }>(list: readonly T[]) => list.filter(({ at_ms }) => at_ms > now_ms - longest_ms);
  return {
    recommendations: [...keep(memory.recommendations), { at_ms: now_ms, replicas: recommended }],
    ups: change > 0 ? [...keep(memory.ups), { at_ms: now_ms, count: change }] : keep(memory.ups),
    downs: change < 0 ? [...keep(memory.downs), { at_ms: now_ms, count: -change }] : keep(memory.downs),
  };
}
