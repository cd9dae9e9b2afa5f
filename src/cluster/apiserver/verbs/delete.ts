import { type ApiRequest, type ApiResponse, conflict, type KubeObject, type ResourceRef, type Status, StatusError } from '#cluster/api';
import type { AdmissionRequest } from '../admission/types.ts';
import { withRevision } from '../cache/object-cache.ts';
import type { Context } from '../context.ts';
import { keyOf, present, type Served } from '../kinds.ts';
import { decideDeletion } from './decide-deletion.ts';
import { type DeleteOptions, deleteOptions } from './delete-options.ts';
import { list } from './list.ts';
import { change, type Outcome, type Place } from './write.ts';

const PODS_LEFT =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

/** DELETE of one object: at once, or marked for those who must do something first (finalizers, the node agent of a Pod). */
export async function deleteOne(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const place: Place = { served, namespace: request.namespace, name: request.name ?? '' };
  const options = deleteOptions(request);
  await admitDeletion(context, place, request, options.dryRun);
  const { object, removed } = await deletePlace(context, place, options);
  const answer = !removed || answersObject(served.info) ? present(served, object) : success(served, object);
  const isToldOf = options.isUnasked && served.info.resource === 'jobs';
  const status = !removed && options.isCascading === true ? 202 : 200;
  return { kind: 'object', status, object: answer, ...(isToldOf && { warnings: [PODS_LEFT] }) };
}

/** DELETE of a collection: of everything that a list with the same query names. */
export async function deleteCollection(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const options = deleteOptions(request);
  const listed = await list(context, served, request);
  for (const { metadata } of listed.list.items) {
    const place: Place = { served, namespace: metadata.namespace, name: metadata.name ?? '' };
    await admitDeletion(context, place, request, options.dryRun);
    await deletePlace(context, place, options).catch(ignoreNotFound);
  }
  return listed;
}

/** Errors: those of the plugins. */
async function admitDeletion(context: Context, { served, namespace, name }: Place, { user }: ApiRequest, dryRun: boolean): Promise<void> {
  const old = context.cache.get(keyOf(served, namespace, name));
  const request: AdmissionRequest = { operation: 'DELETE', served, subresource: undefined, namespace, name, object: undefined, old, user, dryRun };
  await context.admission.mutate(context, request);
  await context.admission.validate(context, request);
}

/** Somebody else deleted it in between: just as well. */
function ignoreNotFound(error: unknown): undefined {
  if (!(error instanceof StatusError && error.body.reason === 'NotFound')) throw error;
}

/** What is removed is answered as of its end. Errors: 404, 409. */
export async function deletePlace(context: Context, place: Place, options: DeleteOptions): Promise<Outcome> {
  const outcome = await change(context, place, options.dryRun, (object) => {
    checkPreconditions(place, object, options);
    return decideDeletion(context, place.served, object, options);
  });
  return outcome.end === undefined ? outcome : { ...outcome, object: withRevision(outcome.object, outcome.end) };
}

function checkPreconditions({ served, name }: Place, object: KubeObject, { preconditions }: DeleteOptions): void {
  const check = (what: string, why: string, wanted: string | undefined, found: string | undefined) => {
    if (wanted === undefined || wanted === found) return;
    const words = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${why}`;
    // It is told by its kind, as Kubernetes has it here alone.
    throw conflict({ group: served.info.group, resource: served.info.kind }, name, words);
  };
  check('UID', 'deleted and then recreated', preconditions?.uid, object.metadata.uid);
  check('ResourceVersion', 'modified', preconditions?.resourceVersion, object.metadata.resourceVersion);
}

/** Kinds whose deletion is answered with what they were, by group; that of others with a Status. */
const ANSWER_OBJECT: Readonly<Record<string, (resource: string) => boolean>> = {
  '': (resource) => CORE_ANSWER_OBJECT.includes(resource),
  'resource.k8s.io': () => true,
  'storage.k8s.io': (resource) => resource !== 'csistoragecapacities',
};
const CORE_ANSWER_OBJECT = [
  'namespaces',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'resourcequotas',
  'serviceaccounts',
  'services',
];

/** Whether who deletes such an object gets its last state; of the others he is told that it went well. */
export function answersObject({ group, resource }: Pick<ResourceRef, 'group' | 'resource'>): boolean {
  return ANSWER_OBJECT[group]?.(resource) ?? false;
}

function success(served: Served, object: KubeObject): Omit<Status, 'message' | 'reason' | 'code'> {
  const { name = '', uid = '' } = object.metadata;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(served.info.group === '' ? {} : { group: served.info.group }), kind: served.info.resource, uid },
  };
}
