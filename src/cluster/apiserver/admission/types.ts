import type { KubeObject, UserInfo } from '#cluster/api';
import type { Clock, Random } from '#kit';
import type { Authorizer } from '../auth/authorizer.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { QuotaUsage } from './quota-usage.ts';
import type { Served } from '../kinds.ts';

/** What plugins decide by. */
export interface AdmissionContext {
  readonly cache: ObjectCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly authorizer: Authorizer;
  readonly usage: QuotaUsage;
}

/** A write that is about to happen, as admission sees it. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly served: Served;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  /** Or what the name is made from. */
  readonly name: string;
  /** What is to be stored, in the version of the request; `mutate` may change it in place. Undefined of a deletion. */
  readonly object: KubeObject | undefined;
  /** What stands there now. */
  readonly old: KubeObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
}

/** One step of admission. `mutate` of all of them comes first, then the validation of the kind, then `validate` of all of them. */
export interface AdmissionPlugin {
  /** Kubernetes' name. */
  readonly name: string;
  handles(request: AdmissionRequest): boolean;
  /** Completes the object, or refuses it. Errors: `StatusError`s. */
  mutate?(context: AdmissionContext, request: AdmissionRequest): void | Promise<void>;
  /** Refuses what may not be. Errors: `StatusError`s. */
  validate?(context: AdmissionContext, request: AdmissionRequest): void | Promise<void>;
  /** Writes of the same key wait for one another from before `mutate` until they are stored; undefined where they need not. */
  holds?(context: AdmissionContext, target: AdmissionTarget): string | undefined;
}
export type AdmissionTarget = Pick<AdmissionRequest, 'operation' | 'served' | 'subresource' | 'namespace'>;
