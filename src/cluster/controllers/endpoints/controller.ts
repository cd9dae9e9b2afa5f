import { isDeepStrictEqual } from 'node:util';
import { type KubeObject, type V1Endpoints, type V1EndpointSlice, type V1Node, type V1Pod, type V1Service } from '#cluster/api';
import {
  type Controller,
  createController,
  ENDPOINT_SLICES,
  ENDPOINTS,
  keyOfObject,
  NODES,
  objectKey,
  PODS,
  type ReconcileResult,
  type ResourceClient,
  SERVICES,
} from '#cluster/client';
import { splitKey } from '../keys.ts';
import type { Shared } from '../types.ts';
import { ignoreGone, withoutUndefined } from '../writes.ts';
import { endpointsOf } from './endpoints.ts';
import { isManaged, MANAGED_BY, MANAGER, SERVICE_NAME, slicesOf } from './slices.ts';

const ZONE = 'topology.kubernetes.io/zone';

export function createEndpointsController(shared: Shared): Controller {
  const shell = new EndpointsShell(shared);
  const controller = createController({ ...shared, name: 'endpointslice', concurrency: 8, reconcile: (key) => shell.reconcile(key) });
  shell.watch(controller);
  return controller;
}

class EndpointsShell {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  watch(controller: Controller): void {
    const { informers } = this.#shared;
    const services = informers.of<V1Service>(SERVICES);
    services.onChange(({ object }) => controller.add(keyOfObject(object)));
    informers.of<V1Pod>(PODS).onChange(({ object, previous }) => {
      for (const service of services.list(object.metadata.namespace)) {
        if (isManaged(service) && (chooses(service, object) || (previous !== undefined && chooses(service, previous)))) controller.add(keyOfObject(service));
      }
    });
    informers.of<V1EndpointSlice>(ENDPOINT_SLICES).onChange(({ object }) => {
      const service = object.metadata.labels?.[SERVICE_NAME];
      if (service !== undefined && object.metadata.labels?.[MANAGED_BY] === MANAGER) controller.add(objectKey(object.metadata.namespace, service));
    });
    informers.of<V1Endpoints>(ENDPOINTS).onChange(({ object }) => {
      if (services.get(object.metadata.namespace, object.metadata.name ?? '') !== undefined) controller.add(keyOfObject(object));
    });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const { informers, client } = this.#shared;
    const { namespace, name } = splitKey(key);
    const service = informers.of<V1Service>(SERVICES).get(namespace, name);
    const present = informers
      .of<V1EndpointSlice>(ENDPOINT_SLICES)
      .list(namespace)
      .filter(({ metadata }) => metadata.labels?.[SERVICE_NAME] === name && metadata.labels[MANAGED_BY] === MANAGER);
    const endpoints = client.resource<V1Endpoints>(ENDPOINTS);
    const old = informers.of<V1Endpoints>(ENDPOINTS).get(namespace, name);
    if (service === undefined || service.metadata.deletionTimestamp !== undefined || !isManaged(service)) {
      await this.#removeSlices(present);
      // Without a selector the Endpoints are the user's; those of a Service that is gone are nobody's.
      if (service === undefined && old !== undefined) await ignoreGone(endpoints.delete(name, namespace));
      return undefined;
    }
    const pods = informers
      .of<V1Pod>(PODS)
      .list(namespace)
      .filter((pod) => chooses(service, pod));
    const wanted = slicesOf(service, pods, (node) => informers.of<V1Node>(NODES).get(undefined, node)?.metadata.labels?.[ZONE]);
    await this.#writeSlices(wanted, present);
    await put(endpoints, old, endpointsOf(service, pods), ({ subsets = [] }) => subsets);
    return undefined;
  }

  /** First what is new or changed, then what goes: an address never leaves only to come back. */
  async #writeSlices(wanted: readonly V1EndpointSlice[], present: readonly V1EndpointSlice[]): Promise<void> {
    const slices = this.#shared.client.resource<V1EndpointSlice>(ENDPOINT_SLICES);
    const byName = new Map(present.map((slice) => [slice.metadata.name, slice]));
    await Promise.all(wanted.map((slice) => put(slices, byName.get(slice.metadata.name), slice, ({ endpoints, ports = [] }) => ({ endpoints, ports }))));
    const names = new Set(wanted.map((slice) => slice.metadata.name));
    await this.#removeSlices(present.filter(({ metadata }) => !names.has(metadata.name)));
  }

  async #removeSlices(slices: readonly V1EndpointSlice[]): Promise<void> {
    const resource = this.#shared.client.resource<V1EndpointSlice>(ENDPOINT_SLICES);
    await Promise.all(slices.map(({ metadata }) => ignoreGone(resource.delete(metadata.name ?? '', metadata.namespace))));
  }
}

function chooses(service: V1Service, pod: V1Pod): boolean {
  const selector = Object.entries(service.spec?.selector ?? {});
  return selector.length > 0 && selector.every(([key, value]) => pod.metadata.labels?.[key] === value);
}

/** Writes an object where its labels or its content differ. */
async function put<T extends KubeObject>(resource: ResourceClient<T>, present: T | undefined, wanted: T, content: (object: T) => unknown): Promise<void> {
  if (present === undefined) {
    await resource.create(wanted);
    return;
  }
  const same =
    isDeepStrictEqual(withoutUndefined(content(present)), withoutUndefined(content(wanted))) &&
    isDeepStrictEqual({ ...present.metadata.labels }, { ...wanted.metadata.labels });
  if (same) return;
  await resource.update({ ...wanted, metadata: { ...present.metadata, ...wanted.metadata } });
}
