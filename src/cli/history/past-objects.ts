import type { KubeList, KubeObject } from '#cluster/api';
import { isStatus, type RawClient } from '#cluster/client';
import { messageOf } from '#kit';
import { CommandError } from '../errors.ts';
import type { Kind } from '../kubernetes/kinds.ts';
import { placeOf } from '../kubernetes/place.ts';
import type { Moment } from './moment.ts';

/** An object with the kind that it is read and written by. */
export interface Found {
  readonly kind: Kind;
  readonly object: KubeObject;
}

/** What isn't anybody's wish, and comes and goes by itself. */
const PASSING = new Set(['events', 'leases', 'endpoints', 'endpointslices', 'componentstatuses', 'controllerrevisions', 'leasecandidates', 'storageversions']);

/** The kinds that history is looked at by: each once, in the version that the server prefers. */
export function lastingKinds(kinds: readonly Kind[]): readonly Kind[] {
  const seen = new Set<string>();
  return kinds.filter(({ group, resource, verbs }) => {
    const key = `${group}/${resource}`;
    const isFit = verbs.includes('list') && verbs.includes('create') && !PASSING.has(resource) && !seen.has(key);
    seen.add(key);
    return isFit;
  });
}

/** The objects of those kinds as they were, by what tells them apart; `namespace` leaves out those of others and of the cluster. Errors: the server's. */
export async function objectsAt(client: RawClient, kinds: readonly Kind[], moment: Moment, namespace: string | undefined): Promise<ReadonlyMap<string, Found>> {
  const query = moment.kind === 'now' ? {} : { resourceVersion: moment.resourceVersion, resourceVersionMatch: 'Exact' };
  const wanted = kinds.filter(({ namespaced }) => namespaced || namespace === undefined);
  const lists = await Promise.all(
    wanted.map(async (kind) => {
      const { body } = await client.json({ path: placeOf(kind, namespace, undefined, query) }).catch((error: unknown) => tooOld(client, moment, error));
      // A list of the kind that was asked for.
      return (body as KubeList).items.map((object): Found => ({ kind, object: { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind } }));
    }),
  );
  return new Map(lists.flat().map((found) => [keyOf(found), found]));
}

/** Of a revision that is forgotten the server says only that; of a time it says how far back history goes. */
async function tooOld(client: RawClient, moment: Moment, error: unknown): Promise<never> {
  if (moment.kind === 'now' || !isStatus(error, 'Expired')) throw error;
  const oldest = await client.json({ path: '/history?time=0' }).then(() => '', messageOf);
  const [, words = 'history does not reach so far'] = /: (history does not reach so far.*)/.exec(oldest) ?? [];
  throw new CommandError(`Cannot look at ${moment.words}: ${words}`);
}

/** `apps Deployment default/web`: what an object is called in every version and life of it. */
export function keyOf({ kind, object: { metadata } }: Found): string {
  return `${kind.group} ${kind.kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}

/** `deployment.apps/web in default`. */
export function nameOf({ kind, object: { metadata } }: Found): string {
  const resource = kind.group === '' ? kind.singular : `${kind.singular}.${kind.group}`;
  return `${resource}/${metadata.name}${metadata.namespace === undefined ? '' : ` in ${metadata.namespace}`}`;
}

function apiVersionOf({ group, version }: Kind): string {
  return group === '' ? version : `${group}/${version}`;
}
