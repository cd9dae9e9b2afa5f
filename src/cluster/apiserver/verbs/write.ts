import { isDeepStrictEqual } from 'node:util';
import { conflict, type KubeObject, notFound } from '#cluster/api';
import { RevisionConflictError, type StoreWrite } from '#cluster/store';
import { catchUp } from '../cache/catch-up.ts';
import type { Context } from '../context.ts';
import { keyOf, type Served } from '../kinds.ts';

const TRIES_MAX = 8;
export const STALE_WORDS = 'the object has been modified; please apply your changes to the latest version and try again';

/** Where an object of this resource stands. */
export interface Place {
  readonly served: Served;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** What a change makes of the stored object: something to put in its place, its end, or nothing at all. */
export type Change =
  | { readonly put: KubeObject; readonly warnings?: readonly string[] /** What is written with it, or neither. */; readonly alongside?: readonly StoreWrite[] }
  | { readonly remove: KubeObject /** What is written before, so that whoever watches sees why it goes. */; readonly first?: KubeObject }
  | { readonly keep: KubeObject };

/** The object as it stands after a change, or as it was removed, and the revision at which it was. */
export interface Outcome {
  readonly object: KubeObject;
  readonly removed: boolean;
  readonly end?: number;
}

/** The stored object (storage version). Errors: 404. */
export function current(context: Context, { served, namespace, name }: Place): KubeObject {
  const object = context.cache.get(keyOf(served, namespace, name));
  if (!object) throw notFound(served.info, name);
  return object;
}

/**
 * Reads, decides and writes as one step: `decide` gets the present object and is asked again when another writer came between.
 * Answers the object as it then stands (with `dryRun`: as it would).
 */
export async function change(context: Context, place: Place, dryRun: boolean, decide: (object: KubeObject) => Change | Promise<Change>): Promise<Outcome> {
  const key = keyOf(place.served, place.namespace, place.name);
  return await context.writes.run(key, async () => {
    await catchUp(context);
    for (let tries = 1; ; tries++) {
      const before = current(context, place);
      const decision = await decide(before);
      try {
        return await carryOut(context, key, before, decision, dryRun);
      } catch (error) {
        if (!isRevisionConflict(error, key)) throw error;
        if (tries === TRIES_MAX) throw conflict(place.served.info, place.name, STALE_WORDS);
        await context.cache.changed(key, Number(before.metadata.resourceVersion));
      }
    }
  });
}

async function carryOut(context: Context, key: string, before: KubeObject, decision: Change, dryRun: boolean): Promise<Outcome> {
  const expected = Number(before.metadata.resourceVersion);
  if ('keep' in decision) return { object: decision.keep, removed: false };
  if ('remove' in decision) {
    if (dryRun) return { object: decision.remove, removed: true };
    const { first } = decision;
    const revision = first ? Number((await context.cache.put(key, first, expected)).metadata.resourceVersion) : expected;
    return { object: decision.remove, removed: true, end: await context.cache.delete(key, revision) };
  }
  if (same(before, decision.put)) return { object: before, removed: false };
  if (dryRun) return { object: decision.put, removed: false };
  return { object: await context.cache.put(key, decision.put, expected, decision.alongside), removed: false };
}

/** Whether that key did not stand as expected. */
export function isRevisionConflict(error: unknown, key: string): boolean {
  return error instanceof RevisionConflictError && error.key === key;
}

/** Whether a write would change nothing but who wrote when. */
function same(before: KubeObject, after: KubeObject): boolean {
  return isDeepStrictEqual(withoutBookkeeping(before), withoutBookkeeping(after)) && managersOf(before) === managersOf(after);
}

function withoutBookkeeping({ metadata, ...rest }: KubeObject): unknown {
  const { resourceVersion: _revision, managedFields: _fields, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

function managersOf(object: KubeObject): string {
  return JSON.stringify(object.metadata.managedFields ?? [], (key, value: unknown) => (key === 'time' ? undefined : value));
}
