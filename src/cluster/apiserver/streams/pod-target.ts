import { badRequest, type KubeObject, notFound } from '#cluster/api';
import { objectKey } from '../cache/keys.ts';
import type { Context } from '../context.ts';
import { nodeUnreachable } from '../errors.ts';
import type { NodeConnection, PodTarget } from '../types.ts';

const PODS = { group: '', resource: 'pods' };
const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

interface Pod extends KubeObject {
  spec?: {
    nodeName?: string;
    containers?: readonly { name: string }[];
    initContainers?: readonly { name: string }[];
    ephemeralContainers?: readonly { name: string }[];
  };
  status?: { phase?: string };
}
export interface FoundPod {
  readonly target: PodTarget;
  readonly node: NodeConnection;
}

/** The container of a Pod that a request means, and the way to its node. Errors: 400 with the choices, 404, 503. */
export function findContainer(context: Context, namespace: string, name: string, asked: string | undefined, what: string): FoundPod {
  const pod = podOf(context, namespace, name);
  const container = chooseContainer(pod, asked);
  return { target: { namespace, name, uid: pod.metadata.uid ?? '', container }, node: nodeOf(context, pod, what) };
}

/** A Pod as a whole, and the way to its node. Errors: 404, 400, 503. */
export function findPod(
  context: Context,
  namespace: string,
  name: string,
  what: string,
): { readonly target: Omit<PodTarget, 'container'>; readonly node: NodeConnection } {
  const pod = podOf(context, namespace, name);
  return { target: { namespace, name, uid: pod.metadata.uid ?? '' }, node: nodeOf(context, pod, what) };
}

function podOf(context: Context, namespace: string, name: string): Pod {
  const pod = context.cache.get(objectKey(PODS, namespace, name));
  if (!pod) throw notFound(PODS, name);
  return pod;
}

function nodeOf(context: Context, pod: Pod, what: string): NodeConnection {
  const { nodeName } = pod.spec ?? {};
  if (!nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const node = context.nodes(nodeName);
  if (!node) throw nodeUnreachable(nodeName, what);
  return node;
}

function chooseContainer(pod: Pod, asked: string | undefined): string {
  const names = (list: readonly { name: string }[] | undefined) => (list ?? []).map((one) => one.name);
  const containers = names(pod.spec?.containers);
  const inits = names(pod.spec?.initContainers);
  const all = [...containers, ...inits, ...names(pod.spec?.ephemeralContainers)];
  const { name } = pod.metadata;
  if (asked) {
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const annotated = pod.metadata.annotations?.[DEFAULT_CONTAINER];
  if (annotated !== undefined && all.includes(annotated)) return annotated;
  const [first, ...others] = containers;
  if (first !== undefined && others.length === 0 && inits.length === 0) return first;
  const choices = `choose one of: [${containers.join(' ')}]${inits.length > 0 ? ` or one of the init containers: [${inits.join(' ')}]` : ''}`;
  throw badRequest(`a container name must be specified for pod ${name}, ${choices}`);
}
