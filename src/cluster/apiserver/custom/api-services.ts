import { apiVersionOf, SERVED_RESOURCES, StatusError, type V1APIService } from '#cluster/api';
import { REVIEWS } from '../auth/reviews.ts';
import { objectKey } from '../cache/keys.ts';
import type { Context } from '../context.ts';
import { findServed, type Served } from '../kinds.ts';
import { METRICS_RESOURCES } from '../metrics/serve.ts';
import { createObject } from '../verbs/create.ts';
import { deletePlace } from '../verbs/delete.ts';
import { CUSTOM_PRIORITY, priorityOf } from './api-service-table.ts';
import { DEFINITIONS } from './directory.ts';

const MANAGED = 'kube-aggregator.kubernetes.io/automanaged';
const REF = { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices' };

/** Keeps an APIService for each group and version that is served, so that `kubectl get apiservices` tells what there is. */
export class ApiServices implements AsyncDisposable {
  readonly #context: Context;
  readonly #served: Served;
  readonly #following: Disposable;
  #settling: Promise<void>;

  constructor(context: Context) {
    this.#context = context;
    const served = findServed(REF);
    if (served === undefined) throw new TypeError('APIServices are not served');
    this.#served = served;
    this.#settling = this.#settle();
    this.#following = context.cache.collection(DEFINITIONS).listen(() => {
      this.#settling = this.#settling.then(() => this.#settle());
    });
  }

  /** Resolves when every group and version of now has its object. */
  settled(): Promise<void> {
    return this.#settling;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#following[Symbol.dispose]();
    await this.#settling;
  }

  /** A write that failed is told and made up for at the next change, or the next start. */
  async #settle(): Promise<void> {
    const { cache, logger } = this.#context;
    const wanted = this.#wanted();
    const collection = cache.collection(this.#served.prefix);
    const missing = [...wanted].filter(([name]) => cache.get(objectKey(this.#served.storage, undefined, name)) === undefined);
    const stale = collection.keys('').flatMap((key) => {
      const { name = '', labels } = collection.get(key)?.metadata ?? {};
      return labels?.[MANAGED] === 'true' && !wanted.has(name) ? [name] : [];
    });
    const writes = [...missing.map(([, object]) => this.#create(object)), ...stale.map((name) => this.#delete(name))];
    for (const result of await Promise.allSettled(writes))
      if (result.status === 'rejected' && !isExpected(result.reason)) logger.warn('an APIService could not be written', { error: String(result.reason) });
  }

  #wanted(): ReadonlyMap<string, V1APIService> {
    const builtIn = new Set([...SERVED_RESOURCES, ...REVIEWS, ...METRICS_RESOURCES].map(apiVersionOf));
    const wanted = new Map<string, V1APIService>();
    for (const resource of [...this.#context.kinds.all(), ...REVIEWS, ...METRICS_RESOURCES]) {
      const { group, version } = resource;
      const own = builtIn.has(apiVersionOf(resource));
      const priority = own ? priorityOf(group, version) : CUSTOM_PRIORITY;
      const name = `${version}.${group}`;
      if (priority === undefined || wanted.has(name)) continue;
      const metadata = { name, labels: { [MANAGED]: own ? 'onstart' : 'true' } };
      wanted.set(name, { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata, spec: { group, version, ...priority } });
    }
    return wanted;
  }

  async #create(object: V1APIService): Promise<void> {
    await createObject(this.#context, this.#served, { object, namespace: undefined, dryRun: false });
  }

  async #delete(name: string): Promise<void> {
    await deletePlace(this.#context, { served: this.#served, namespace: undefined, name }, { dryRun: false });
  }
}

/** Another server did the same. */
function isExpected(error: unknown): boolean {
  return error instanceof StatusError && (error.body.reason === 'AlreadyExists' || error.body.reason === 'NotFound');
}
