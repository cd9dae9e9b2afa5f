import {
  type Amounts,
  amountText,
  forbidden,
  parseQuantity,
  podTotal,
  type V1Container,
  type V1LimitRange,
  type V1LimitRangeItem,
  type V1PersistentVolumeClaim,
  type V1Pod,
} from '#cluster/api';
import { collectionPrefix } from '../../cache/keys.ts';
import type { ObjectCache } from '../../cache/object-cache.ts';
import { isResource } from '../../kinds.ts';
import type { AdmissionPlugin } from '../types.ts';

const RANGES = { group: '', resource: 'limitranges' };
const ANNOTATION = 'kubernetes.io/limit-ranger';
type Texts = Readonly<Record<string, string>>;

/** The namespace's bounds for containers, Pods and claims, and what containers get that do not say. */
export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  handles({ operation, served, subresource, old }) {
    if (isResource(served, '', 'pods'))
      return subresource === 'resize' ? old?.metadata.deletionTimestamp === undefined : operation === 'CREATE' && !subresource;
    return subresource === undefined && operation !== 'DELETE' && isResource(served, '', 'persistentvolumeclaims');
  },
  mutate({ cache }, { operation, served, object, namespace }) {
    if (!isResource(served, '', 'pods')) return;
    // Decoded as one.
    const pod = object as V1Pod;
    for (const range of rangesOf(cache, namespace)) {
      const said = giveDefaults(pod, range);
      if (said.length === 0 || operation !== 'CREATE') continue;
      pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${said.join('; ')}` };
    }
  },
  validate({ cache }, { served, object, namespace, name }) {
    const found = rangesOf(cache, namespace)
      .flatMap(({ spec }) => spec?.limits ?? [])
      // Decoded as what the resource says.
      .flatMap((limit) => (isResource(served, '', 'pods') ? podProblems(object as V1Pod, limit) : claimProblems(object as V1PersistentVolumeClaim, limit)));
    if (found.length > 0) throw forbidden(served.info, name, found.length === 1 ? (found[0] ?? '') : `[${found.join(', ')}]`);
  },
};

function rangesOf(cache: ObjectCache, namespace = ''): readonly V1LimitRange[] {
  const collection = cache.collection(collectionPrefix(RANGES));
  if (collection.size === 0) return [];
  // What stands under a range's key was decoded as one.
  return collection.keys(`${collectionPrefix(RANGES)}${namespace}/`).map((key) => collection.get(key) as V1LimitRange);
}

/** Answers what was given. */
function giveDefaults(pod: V1Pod, { spec }: V1LimitRange): readonly string[] {
  const ofContainers = (spec?.limits ?? []).filter(({ type }) => type === 'Container');
  const limits: Texts = Object.assign({}, ...ofContainers.map((one) => one.default ?? {}));
  const requests: Texts = Object.assign({}, ...ofContainers.map(({ defaultRequest }) => defaultRequest ?? {}));
  return [
    ...(pod.spec?.containers ?? []).flatMap((container) => complete(container, 'container', requests, limits)),
    ...(pod.spec?.initContainers ?? []).flatMap((container) => complete(container, 'init container', requests, limits)),
  ];
}

function complete(container: V1Container, what: string, requests: Texts, limits: Texts): readonly string[] {
  const before = container.resources ?? {};
  const missing = (given: Texts | undefined, wanted: Texts) => Object.keys(wanted).filter((name) => given?.[name] === undefined);
  const newRequests = missing(before.requests, requests);
  const newLimits = missing(before.limits, limits);
  if (newRequests.length + newLimits.length === 0) return [];
  const completed = (wanted: Texts, given: Texts | undefined, word: 'requests' | 'limits') =>
    given === undefined && Object.keys(wanted).length === 0 ? {} : { [word]: { ...wanted, ...given } };
  container.resources = { ...before, ...completed(requests, before.requests, 'requests'), ...completed(limits, before.limits, 'limits') };
  const words = (names: readonly string[], which: string) =>
    names.length === 0 ? [] : [`${names.toSorted().join(', ')} ${which} for ${what} ${container.name}`];
  return [...words(newRequests, 'request'), ...words(newLimits, 'limit')];
}

function podProblems(pod: V1Pod, limit: V1LimitRangeItem): readonly string[] {
  if (limit.type === 'Pod') {
    return problems(
      limit,
      podTotal(pod, ({ resources }) => resources?.requests),
      podTotal(pod, ({ resources }) => resources?.limits),
    );
  }
  if (limit.type !== 'Container') return [];
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return all.flatMap(({ resources }) => problems(limit, amounts(resources?.requests), amounts(resources?.limits)));
}

function claimProblems({ spec }: V1PersistentVolumeClaim, limit: V1LimitRangeItem): readonly string[] {
  if (limit.type !== 'PersistentVolumeClaim') return [];
  const requests = amounts(spec?.resources?.requests);
  // A claim has no limits: its request is what the upper bound is about.
  return problems({ type: limit.type, ...(limit.min ? { min: limit.min } : {}), ...(limit.max ? { max: limit.max } : {}) }, requests, requests, 'request');
}

function problems(limit: V1LimitRangeItem, requests: Amounts, limits: Amounts, upper: 'limit' | 'request' = 'limit'): readonly string[] {
  const { type } = limit;
  return [
    ...each(limit.min, (name, bound, text) => {
      const words = `minimum ${name} usage per ${type} is ${text}`;
      const request = requests[name];
      if (request === undefined) return `${words}.  No request is specified`;
      if (request < bound) return `${words}, but request is ${amountText(name, request)}`;
      const most = limits[name];
      return most !== undefined && most < bound ? `${words}, but limit is ${amountText(name, most)}` : undefined;
    }),
    ...each(limit.max, (name, bound, text) => {
      const words = `maximum ${name} usage per ${type} is ${text}`;
      const most = limits[name];
      if (most === undefined) return `${words}.  No ${upper} is specified`;
      if (most > bound) return `${words}, but ${upper} is ${amountText(name, most)}`;
      const request = requests[name];
      return request !== undefined && request > bound ? `${words}, but request is ${amountText(name, request)}` : undefined;
    }),
    ...each(limit.maxLimitRequestRatio, (name, bound, text) => {
      const words = `${name} max limit to request ratio per ${type} is ${text}`;
      const request = requests[name] ?? 0n;
      const most = limits[name] ?? 0n;
      if (request === 0n) return `${words}, but no request is specified or request is 0`;
      if (most === 0n) return `${words}, but no limit is specified or limit is 0`;
      const ratio = Number(most) / Number(request);
      return ratio * 1000 > Number(bound) ? `${words}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
    }),
  ];
}

function each(bounds: Texts | undefined, judge: (name: string, bound: bigint, text: string) => string | undefined): readonly string[] {
  return Object.entries(bounds ?? {}).flatMap(([name, text]) => judge(name, parseQuantity(text), text) ?? []);
}

function amounts(texts: Texts | undefined): Amounts {
  return Object.fromEntries(Object.entries(texts ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}
