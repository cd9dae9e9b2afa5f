import { CUSTOM_CLEANUP, type Definition, type KubeObject, resourcesOf, StatusError } from '#cluster/api';
import { findServed, keyOf, type Served, servedOf } from '../kinds.ts';
import type { Context } from '../context.ts';
import { deletePlace } from '../verbs/delete.ts';
import { replace } from '../verbs/update.ts';
import { DEFINITIONS } from './directory.ts';

/** What definitions leave behind is taken away: the objects of one that is deleted, before it goes; and names that are free again are given to those that waited. */
export class DefinitionCleanup implements Disposable {
  readonly #context: Context;
  readonly #definitions: Served;
  readonly #following = new DisposableStack();
  readonly #emptying = new Map<string, Disposable>();

  constructor(context: Context) {
    this.#context = context;
    const definitions = findServed({ group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' });
    if (definitions === undefined) throw new TypeError('definitions are not served');
    this.#definitions = definitions;
    const collection = context.cache.collection(DEFINITIONS);
    for (const key of collection.keys(DEFINITIONS)) this.#look(key, collection.get(key));
    this.#following.use(
      collection.listen(({ key, type, object }) => {
        if (type === 'put') return this.#look(key, object);
        this.#forget(key);
        // What stands there are definitions.
        this.#settleOthers((object as Definition).spec.group);
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#following[Symbol.dispose]();
    for (const key of [...this.#emptying.keys()]) this.#forget(key);
  }

  #look(key: string, object: KubeObject | undefined): void {
    const mustGo = object?.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).includes(CUSTOM_CLEANUP);
    if (object === undefined || !mustGo || this.#emptying.has(key)) return;
    // As above.
    const definition = object as Definition;
    const [storage] = resourcesOf(definition);
    if (storage === undefined) return this.#finish(definition);
    const served = servedOf(storage, storage);
    const objects = this.#context.cache.collection(served.prefix);
    const check = () => objects.size === 0 && this.#finish(definition);
    this.#emptying.set(
      key,
      objects.listen(({ type }) => type === 'delete' && check()),
    );
    for (const one of objects.keys(served.prefix)) this.#delete(served, objects.get(one));
    check();
  }

  #delete(served: Served, object: KubeObject | undefined): void {
    if (object === undefined) return;
    const { namespace, name = '' } = object.metadata;
    deletePlace(this.#context, { served, namespace, name }, { dryRun: false, propagationPolicy: 'Background' }).catch((error: unknown) =>
      this.#failed(error, name),
    );
  }

  #finish({ metadata: { name = '' } }: Definition): void {
    this.#forget(keyOf(this.#definitions, undefined, name));
    this.#change(name, (before) => {
      const metadata = { ...before.metadata, finalizers: (before.metadata.finalizers ?? []).filter((one) => one !== CUSTOM_CLEANUP) };
      return { ...structuredClone(before), metadata };
    });
  }

  /** Written as they are, their status is told anew. */
  #settleOthers(group: string): void {
    const collection = this.#context.cache.collection(DEFINITIONS);
    for (const key of collection.keys(DEFINITIONS)) {
      const other = collection.get(key) as Definition | undefined;
      const isWaiting =
        other?.spec.group === group && other.status?.conditions?.some(({ type, status }) => type === 'NamesAccepted' && status === 'False') === true;
      if (isWaiting) this.#change(other.metadata.name ?? '', (before) => structuredClone(before));
    }
  }

  #change(name: string, next: (before: KubeObject) => KubeObject): void {
    const place = { served: this.#definitions, namespace: undefined, name };
    replace(this.#context, place, { dryRun: false, subresource: undefined }, next).catch((error: unknown) => this.#failed(error, name));
  }

  /** Somebody else was faster: just as well. */
  #failed(error: unknown, name: string): void {
    if (error instanceof StatusError && error.body.reason === 'NotFound') return;
    this.#context.logger.error('cannot take away what a definition left', { name, error });
  }

  #forget(key: string): void {
    this.#emptying.get(key)?.[Symbol.dispose]();
    this.#emptying.delete(key);
  }
}
