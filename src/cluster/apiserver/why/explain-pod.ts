import {
  type ApiRequest,
  type ApiResponse,
  apiVersionOf,
  type CoreV1Event,
  type KubeObject,
  notFound,
  OWN_GROUP,
  type PodWhy,
  StatusError,
  type V1Node,
  type V1Pod,
} from '#cluster/api';
import { catchUp } from '../cache/catch-up.ts';
import { collectionPrefix, objectKey } from '../cache/keys.ts';
import type { Context } from '../context.ts';
import { methodNotAllowed } from '../errors.ts';
import { keyOf, type Served } from '../kinds.ts';
import { referencesOf } from './missing.ts';
import { type Missing, podFindings } from './pod-findings.ts';

const RESOURCES: Readonly<Record<Missing['kind'], string>> = {
  ConfigMap: 'configmaps',
  PersistentVolumeClaim: 'persistentvolumeclaims',
  Secret: 'secrets',
};

/** `GET …/pods/NAME/why`: what keeps the Pod from running or being ready, from what the server knows at this moment. Errors: 404, 405. */
export async function explainPod(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const { verb, namespace = '', name = '' } = request;
  if (verb !== 'get') throw methodNotAllowed();
  await catchUp(context);
  const events = eventsAbout(context, namespace, name);
  // Stored Pods were validated.
  const pod = context.cache.get(keyOf(served, namespace, name)) as V1Pod | undefined;
  if (pod === undefined) throw gone(name, events);
  return { kind: 'object', status: 200, object: whyOf(context, pod, events) };
}

function whyOf(context: Context, pod: V1Pod, events: readonly CoreV1Event[]): PodWhy {
  const { namespace = '', name = '', uid, creationTimestamp, resourceVersion } = pod.metadata;
  const waits = !pod.spec?.nodeName && (pod.spec?.schedulingGates ?? []).length === 0;
  const places = waits ? context.places?.(pod, surroundings(context)) : undefined;
  const isThere = ({ kind, name: wanted }: Missing) => context.cache.get(objectKey({ group: '', resource: RESOURCES[kind] }, namespace, wanted)) !== undefined;
  const begun = (pod.status?.containerStatuses ?? []).some(({ started }) => started === true);
  const missing = begun ? [] : referencesOf(pod).filter((one) => !isThere(one));
  const own = events.filter(({ involvedObject }) => involvedObject.uid === undefined || involvedObject.uid === uid);
  const findings = podFindings({ pod, events: own, missing, ...(places === undefined ? {} : { places }) });
  return {
    apiVersion: apiVersionOf(OWN_GROUP),
    kind: 'PodWhy',
    metadata: { name, namespace, ...(uid && { uid }), ...(creationTimestamp && { creationTimestamp }), ...(resourceVersion && { resourceVersion }) },
    ok: findings.every(({ ok }) => ok),
    ...places,
    findings,
  };
}

/** All that is stored of a core resource, or only a namespace's. */
function all<T extends KubeObject>({ cache }: Context, resource: string, namespace?: string): readonly T[] {
  const prefix = collectionPrefix({ group: '', resource });
  const collection = cache.collection(prefix);
  // What is stored under the prefix is of that kind.
  return collection.keys(namespace === undefined ? prefix : `${prefix}${namespace}/`).flatMap((key) => (collection.get(key) as T | undefined) ?? []);
}

function surroundings(context: Context) {
  const namespaceLabels = (name: string) => context.cache.get(objectKey({ group: '', resource: 'namespaces' }, undefined, name))?.metadata.labels;
  return { nodes: all<V1Node>(context, 'nodes'), pods: all<V1Pod>(context, 'pods'), namespaceLabels };
}

/** Oldest first. */
function eventsAbout(context: Context, namespace: string, name: string): readonly CoreV1Event[] {
  return all<CoreV1Event>(context, 'events', namespace)
    .filter(({ involvedObject }) => involvedObject.kind === 'Pod' && involvedObject.name === name)
    .toSorted((a, b) => timeOf(a) - timeOf(b));
}

const timeOf = (event: CoreV1Event): number => Date.parse(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '') || 0;

/** Of a Pod that was there its events still tell. */
function gone(name: string, events: readonly CoreV1Event[]): StatusError {
  const error = notFound({ group: '', resource: 'pods' }, name);
  const last = events.at(-1);
  if (last === undefined) return error;
  const when = new Date(timeOf(last)).toISOString();
  const words = `${error.message} any more: it was there, and the last that was said of it, at ${when}, is "${last.reason}: ${last.message}". What it was, the history tells: "gantry diff --from ${when}"`;
  return new StatusError(error.status, error.code, words, error.body.details);
}
