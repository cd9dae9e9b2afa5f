import type { V1JobSpec } from '../../../generated/types.ts';
import type { KubeObject } from '../../../types.ts';
import { dnsLabel } from '../../../validation/text-formats.ts';
import { templateWarnings } from './pod-spec.ts';

/** A name that is fine, but not for what is made of it. */
export function nameWarnings({ metadata: { name } }: KubeObject, use = 'Pod names and hostnames'): readonly string[] {
  const problems = name === undefined ? [] : dnsLabel(name);
  if (problems.length === 0) return [];
  const what = `this is used in ${use}, which can result in surprising behavior`;
  return [`metadata.name: ${what}; a DNS label is recommended: [${problems.join(' ')}]`];
}

const COMPLETIONS_MAX = 100_000;
const PARALLELISM_MAX = 10_000;
const TOO_MANY =
  'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';

export function jobSpecWarnings(path: string, spec: V1JobSpec | undefined): readonly string[] {
  const { completionMode, completions = 0, parallelism = 0 } = spec ?? {};
  const isHuge = completionMode === 'Indexed' && completions > COMPLETIONS_MAX && parallelism > PARALLELISM_MAX;
  return [...(isHuge ? [`${path}: ${TOO_MANY}`] : []), ...templateWarnings(`${path}.template`, spec?.template)];
}
