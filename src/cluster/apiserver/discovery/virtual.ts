import type { ServedResource } from '#cluster/api';
import { REVIEWS } from '../auth/reviews.ts';
import { METRICS_RESOURCES } from '../metrics/serve.ts';
import { COMPONENTS } from '../verbs/component-statuses.ts';
import { BINDINGS } from '../verbs/bindings.ts';
import type { Discovered } from './resources.ts';

/** What is served without being stored. */
export const VIRTUAL: readonly Discovered[] = [BINDINGS, COMPONENTS, ...REVIEWS, ...METRICS_RESOURCES];

/** Those of them that the schemas describe. */
export const DESCRIBED: readonly ServedResource[] = [BINDINGS, COMPONENTS, ...REVIEWS].map((row) => ({
  ...row,
  listKind: `${row.kind}List`,
  model: `V1${row.kind}`,
}));
