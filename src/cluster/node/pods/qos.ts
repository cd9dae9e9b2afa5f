import { parseQuantity, type V1PodSpec } from '#cluster/api';

/** Guaranteed, Burstable or BestEffort, as the API reference defines them. Pure. */
export function qosClassOf(spec: V1PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const amounts = containers.flatMap(({ resources }) => [...Object.entries(resources?.requests ?? {}), ...Object.entries(resources?.limits ?? {})]);
  const counted = amounts.filter(([name, amount]) => (name === 'cpu' || name === 'memory') && parseQuantity(amount) > 0n);
  if (counted.length === 0) return 'BestEffort';
  const guaranteed = containers.every(({ resources }) =>
    ['cpu', 'memory'].every((name) => {
      const limit = resources?.limits?.[name];
      return limit !== undefined && parseQuantity(limit) === parseQuantity(resources?.requests?.[name] ?? limit);
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
