import type { KubeObject } from '#cluster/api';

/** One change of one object. `object` of a deletion is the last state, with the deletion's revision. */
export interface CacheEvent {
  readonly revision: number;
  readonly key: string;
  readonly type: 'put' | 'delete';
  readonly object: KubeObject;
  readonly previous?: KubeObject;
}
