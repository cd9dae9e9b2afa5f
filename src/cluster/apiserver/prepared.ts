import type { KubeObject } from '#cluster/api';
import type { BootstrapPolicy } from './auth/rbac/bootstrap-policy.ts';

/**
 * What one server worked out and another one on a copy of the same store need not work out again. All of it is frozen or only ever grows
 * truer, so that any number of servers share it.
 */
export interface Prepared {
  /** By the store's keys: the objects of one moment. */
  readonly objects: ReadonlyMap<string, KubeObject>;
  readonly policy: BootstrapPolicy;
  /** Roles and bindings that are as the policy wants them to be. */
  readonly settled: WeakSet<KubeObject>;
}
