import type { V1PodAffinityTerm, V1TopologySpreadConstraint } from '#cluster/api';
import { domainOf } from './affinity.ts';
import type { Placing } from './placing.ts';
import { means } from './spread.ts';
import type { NodeView } from './types.ts';

/** Why the Pods' affinities forbid a node; undefined where they don't. */
export function affinityReason(placing: Placing, view: NodeView): string | undefined {
  const { podAffinity, podAntiAffinity } = placing.pod.spec?.affinity ?? {};
  const wanted = podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  if (!wanted.every((term) => attracted(term, placing, view))) return "node(s) didn't match pod affinity rules";
  const unwanted = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const repelled = unwanted.some((term) => placing.domains(term).has(domainOf(view, term.topologyKey) ?? ' none'));
  if (repelled) return "node(s) didn't match pod anti-affinity rules";
  const byOthers = placing.repelled.some(([key, domain]) => domainOf(view, key) === domain);
  return byOthers ? "node(s) didn't satisfy existing pods anti-affinity rules" : undefined;
}

/** A Pod that means itself and is the first of its kind may stand anywhere the key is. */
function attracted(term: V1PodAffinityTerm, placing: Placing, view: NodeView): boolean {
  const domain = domainOf(view, term.topologyKey);
  if (domain === undefined) return false;
  const domains = placing.domains(term);
  return domains.has(domain) || (domains.size === 0 && placing.meansItself(term));
}

/** Why a hard constraint forbids the node; undefined where none does. */
export function spreadReason(placing: Placing, view: NodeView): string | undefined {
  for (const constraint of placing.pod.spec?.topologySpreadConstraints ?? []) {
    if (constraint.whenUnsatisfiable !== 'DoNotSchedule') continue;
    const domain = domainOf(view, constraint.topologyKey);
    if (domain === undefined) return "node(s) didn't match pod topology spread constraints (missing required label)";
    if (skewIn(placing, constraint, domain).isTooMuch) return "node(s) didn't match pod topology spread constraints";
  }
  return undefined;
}

/** How many Pods that the constraint means stand in the domain, how many where the fewest do, and whether with this one it were too many. */
export function skewIn(placing: Placing, constraint: V1TopologySpreadConstraint, domain: string): { here: number; least: number; isTooMuch: boolean } {
  const counts = placing.counts(constraint);
  const least = counts.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...counts.values());
  const here = counts.get(domain) ?? 0;
  const self = means(constraint, placing.pod, placing.pod) ? 1 : 0;
  return { here, least, isTooMuch: here + self - least > constraint.maxSkew };
}
