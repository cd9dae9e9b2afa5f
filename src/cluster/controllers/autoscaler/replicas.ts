import type { V2MetricTarget } from '#cluster/api';
import { parseQuantity } from '#cluster/api';
import { groupPods, type PodUsage, requestOf } from './metrics.ts';

/** What one metric recommends, and what it saw. */
export interface Recommendation {
  readonly replicas: number;
  readonly averageUtilization?: number;
  /** Thousandths. */
  readonly averageValue: bigint;
}
export type Calculation = { readonly ok: true; readonly recommendation: Recommendation } | { readonly ok: false; readonly message: string };
export interface Question {
  readonly current: number;
  readonly resource: string;
  readonly container?: string;
  readonly target: V2MetricTarget;
  readonly usages: readonly PodUsage[];
  readonly tolerance: { readonly up: number; readonly down: number };
  readonly now_ms: number;
}
interface Sample {
  readonly name: string;
  readonly usage: bigint;
  readonly request: bigint;
}

/** Pure: how many replicas a resource metric asks for, by Kubernetes' rules for Pods that are young or without figures. */
export function recommend(question: Question): Calculation {
  const { resource, container, target, usages, now_ms } = question;
  if (usages.length === 0) return { ok: false, message: 'no pods returned by selector while calculating replica count' };
  const { ready, unready, missing } = groupPods(usages, resource, now_ms);
  const byUtilization = target.averageUtilization !== undefined;
  const requests = new Map<string, bigint>();
  for (const { pod } of usages) {
    const request = requestOf(pod, resource, container);
    if ('amount' in request) requests.set(pod.metadata.name ?? '', request.amount);
    else if (byUtilization)
      return {
        ok: false,
        message: `failed to get ${resource} utilization: missing request for ${resource} in container ${request.missing} of Pod ${pod.metadata.name}`,
      };
  }
  if (ready.length === 0)
    return { ok: false, message: `failed to get ${resource} utilization: did not receive metrics for targeted pods (pods might be unready)` };
  const sampleOf = (name: string, usage: bigint): Sample => ({ name, usage, request: requests.get(name) ?? 0n });
  const samples = ready.map(({ pod, usage = 0n }) => sampleOf(pod.metadata.name ?? '', usage));
  const ratio = ratioOf(samples, target);
  if (Number.isNaN(ratio)) return { ok: false, message: `failed to get ${resource} utilization: the pods request no ${resource}` };
  const seen = { averageValue: average(samples), ...(byUtilization ? { averageUtilization: utilization(samples) } : {}) };
  const names = { unready: unready.map(({ metadata }) => metadata.name ?? ''), missing: missing.map(({ metadata }) => metadata.name ?? '') };
  return { ok: true, recommendation: { ...seen, replicas: replicasFor(question, samples, ratio, names, sampleOf) } };
}

function replicasFor(
  question: Question,
  samples: readonly Sample[],
  ratio: number,
  names: { unready: readonly string[]; missing: readonly string[] },
  sampleOf: (name: string, usage: bigint) => Sample,
): number {
  const { current, target } = question;
  const withUnready = names.unready.length > 0 && ratio > 1;
  if (!withUnready && names.missing.length === 0) return tolerable(question, ratio) ? current : Math.ceil(rounded(ratio * samples.length));
  // Pods without figures are assumed to use what holds a change back.
  const assumed = (name: string): bigint => (ratio < 1 ? fullUse(sampleOf(name, 0n), target) : 0n);
  const all = [
    ...samples,
    ...(ratio === 1 ? [] : names.missing.map((name) => sampleOf(name, assumed(name)))),
    ...(withUnready ? names.unready.map((name) => sampleOf(name, 0n)) : []),
  ];
  const renewed = ratioOf(all, target);
  if (tolerable(question, renewed) || (ratio < 1 && renewed > 1) || (ratio > 1 && renewed < 1)) return current;
  const replicas = Math.ceil(rounded(renewed * all.length));
  return (renewed < 1 && replicas > current) || (renewed > 1 && replicas < current) ? current : replicas;
}

function tolerable({ tolerance }: Question, ratio: number): boolean {
  return ratio >= 1 - tolerance.down - 1e-9 && ratio <= 1 + tolerance.up + 1e-9;
}

/** A product such as 1.1 × 10 is 11, not 11.000000000000002. */
function rounded(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

function fullUse({ request }: Sample, target: V2MetricTarget): bigint {
  if (target.averageUtilization === undefined) return parseQuantity(target.averageValue ?? '0');
  return (request * BigInt(Math.max(100, target.averageUtilization))) / 100n;
}

function ratioOf(samples: readonly Sample[], target: V2MetricTarget): number {
  if (target.averageUtilization !== undefined) return utilization(samples) / target.averageUtilization;
  return Number(average(samples)) / Number(parseQuantity(target.averageValue ?? '0'));
}

function utilization(samples: readonly Sample[]): number {
  const requested = total(samples.map(({ request }) => request));
  return requested === 0n ? Number.NaN : Number((total(samples.map(({ usage }) => usage)) * 100n) / requested);
}

function average(samples: readonly Sample[]): bigint {
  return samples.length === 0 ? 0n : total(samples.map(({ usage }) => usage)) / BigInt(samples.length);
}

function total(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, one) => sum + one, 0n);
}
