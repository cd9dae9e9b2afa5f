import type { V1LimitRange } from '../generated/types.ts';

/** Of containers: the default limit is the most that is allowed, the default request the default limit, or else the least. */
export function defaultLimitRange({ spec }: V1LimitRange): void {
  for (const limit of spec?.limits ?? []) {
    if (limit.type !== 'Container') continue;
    limit.default = { ...limit.max, ...limit.default };
    limit.defaultRequest = { ...limit.min, ...limit.default, ...limit.defaultRequest };
  }
}
