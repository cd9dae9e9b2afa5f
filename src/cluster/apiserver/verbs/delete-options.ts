import { type ApiRequest, badRequest, invalid, type ResourceRef, type StatusCause } from '#cluster/api';
import { flag, wholeNumber } from './options.ts';

/** meta/v1 DeleteOptions, from the body or the query. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun: boolean;
  /** Whether `orphanDependents` says that dependents go too. */
  readonly isCascading?: boolean;
  /** Whether the policy is one that nobody asked for. */
  readonly isUnasked?: true;
}

const POLICIES = ['Orphan', 'Background', 'Foreground'];

/** The body of a DELETE wins over its query. Errors: 400 for what is of another type, 422 for what can not be. */
export function deleteOptions(request: ApiRequest): DeleteOptions {
  refuseForeign(request.body);
  const body = (request.body ?? fromQuery(request.query)) as Record<string, unknown>; // read below
  const { gracePeriodSeconds: grace, orphanDependents: orphan, propagationPolicy, preconditions, dryRun = [] } = body;
  refuseType('gracePeriodSeconds', grace, Number.isInteger);
  refuseType('orphanDependents', orphan, (value) => typeof value === 'boolean');
  refuseType('propagationPolicy', propagationPolicy, (value) => typeof value === 'string');
  refuseType('dryRun', dryRun, Array.isArray);
  const values = [...(dryRun as readonly unknown[]), ...(request.query.dryRun === undefined ? [] : [request.query.dryRun])];
  checkDeletion(orphan, propagationPolicy, values);
  const asked = propagationPolicy ?? (typeof orphan === 'boolean' ? (orphan ? 'Orphan' : 'Background') : undefined);
  const policy = asked ?? (isOrphaning(request.resource) ? 'Orphan' : undefined);
  return {
    dryRun: values.length > 0,
    isCascading: orphan === false,
    ...(policy !== undefined && asked === undefined && { isUnasked: true }),
    // Below 0 is as soon as can be.
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace < 0 ? 1 : grace } : {}),
    ...(typeof policy === 'string' ? { propagationPolicy: policy } : {}),
    ...(typeof preconditions === 'object' && preconditions !== null ? { preconditions: preconditions as NonNullable<DeleteOptions['preconditions']> } : {}),
  };
}

function fromQuery(query: ApiRequest['query']): Record<string, unknown> {
  const { orphanDependents, propagationPolicy } = query;
  return {
    gracePeriodSeconds: wholeNumber(query, 'gracePeriodSeconds'),
    orphanDependents: orphanDependents === undefined ? undefined : flag(query, 'orphanDependents'),
    propagationPolicy,
  };
}

function refuseType(field: string, value: unknown, isRight: (value: unknown) => boolean): void {
  if (value === undefined || value === null || isRight(value)) return;
  throw badRequest(`DeleteOptions in version "v1" cannot be handled as a DeleteOptions: ${field} can not be ${JSON.stringify(value)}`);
}

/** Errors: 422. */
function checkDeletion(orphan: unknown, policy: unknown, dryRun: readonly unknown[]): void {
  const causes: StatusCause[] = [];
  if (typeof policy === 'string' && typeof orphan === 'boolean') {
    const message = `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`;
    causes.push({ reason: 'FieldValueInvalid', field: 'propagationPolicy', message });
  }
  if (typeof policy === 'string' && !POLICIES.includes(policy)) {
    const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`;
    causes.push({ reason: 'FieldValueNotSupported', field: 'propagationPolicy', message });
  }
  if (dryRun.some((one) => one !== 'All')) {
    const message = `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`;
    causes.push({ reason: 'FieldValueNotSupported', field: 'dryRun', message });
  }
  if (causes.length > 0) throw invalid('DeleteOptions', 'meta.k8s.io', '', causes);
}

/** The oldest of what makes Pods: it leaves them behind unless one asks otherwise. */
function isOrphaning({ group, resource }: ResourceRef): boolean {
  return (group === 'batch' && resource === 'jobs') || (group === '' && resource === 'replicationcontrollers');
}

/** Errors: 400 for an object that is no DeleteOptions. */
function refuseForeign(body: unknown): void {
  if (body === undefined || body === null) return;
  if (typeof body !== 'object' || Array.isArray(body)) throw badRequest("couldn't get version/kind; the body is no object");
  const { kind = '', apiVersion = '' } = body as Readonly<Record<string, unknown>>; // looked at before it is used
  if (kind === '' || kind === 'DeleteOptions') return;
  throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion || 'meta.k8s.io/v1')}: DeleteOptions is wanted`);
}
