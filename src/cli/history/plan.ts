import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '#cluster/api';
import { type Found, keyOf } from './past-objects.ts';
import { wishOf } from './wish.ts';

/** One step back. */
export type Step =
  | { readonly kind: 'create'; readonly then: Found }
  | { readonly kind: 'restore'; readonly then: Found; readonly now: Found }
  | { readonly kind: 'delete'; readonly now: Found };

export interface PlanOptions {
  /** Delete what was not there then. */
  readonly prune: boolean;
  /** Which objects; all of them without it. */
  readonly only?: (found: Found) => boolean;
}

/** What is to be done so that everything that somebody wished is as it was. What a controller makes follows by itself. Pure. */
export function planOf(then: ReadonlyMap<string, Found>, now: ReadonlyMap<string, Found>, { prune, only }: PlanOptions): readonly Step[] {
  const isMeant = (found: Found) => (only === undefined ? !follows(found) : only(found));
  const steps: Step[] = [];
  const uids = renewedUids(then, now);
  for (const found of [...then.values()].filter(isMeant)) {
    const present = now.get(keyOf(found));
    if (present === undefined) steps.push({ kind: 'create', then: found });
    else if (!isDeepStrictEqual(withOwners(wishOf(found.object), uids), wishOf(present.object))) steps.push({ kind: 'restore', then: found, now: present });
  }
  if (prune) for (const found of [...now.values()].filter(isMeant)) if (!then.has(keyOf(found))) steps.push({ kind: 'delete', now: found });
  return ownersFirst(steps.toSorted((a, b) => rank(a) - rank(b)));
}

/** Of what was made again since: its present uid, by the one that it had. */
export function renewedUids(then: ReadonlyMap<string, Found>, now: ReadonlyMap<string, Found>): Map<string, string> {
  const uids = new Map<string, string>();
  for (const [key, { object }] of then) {
    const [before, after] = [object.metadata.uid, now.get(key)?.object.metadata.uid];
    if (before !== undefined && after !== undefined && before !== after) uids.set(before, after);
  }
  return uids;
}

/** The object with its owners by their present uids. */
export function withOwners<T extends KubeObject>(object: T, uids: ReadonlyMap<string, string>): T {
  const owners = object.metadata.ownerReferences?.map((owner) => ({ ...owner, uid: uids.get(owner.uid) ?? owner.uid }));
  return owners === undefined ? object : { ...object, metadata: { ...object.metadata, ownerReferences: owners } };
}

/** What others stand in or are described by comes first; what goes, last. */
const FIRST = ['Namespace', 'CustomResourceDefinition', 'PriorityClass', 'StorageClass', 'ServiceAccount', 'ClusterRole', 'Role', 'ConfigMap', 'Secret'];

function rank(step: Step): number {
  if (step.kind === 'delete') return FIRST.length + 2;
  const place = FIRST.indexOf(step.then.kind.kind);
  const isOwned = (step.then.object.metadata.ownerReferences ?? []).length > 0;
  return place >= 0 ? place : isOwned ? FIRST.length + 1 : FIRST.length;
}

/** What names an owner that is not there is collected at once. */
function ownersFirst(steps: readonly Step[]): readonly Step[] {
  const byUid = new Map(steps.map((step) => [step.kind === 'delete' ? undefined : step.then.object.metadata.uid, step]));
  const ordered = new Set<Step>();
  const visited = new Set<Step>();
  const place = (step: Step): void => {
    if (visited.has(step)) return;
    visited.add(step);
    const owners = step.kind === 'delete' ? [] : (step.then.object.metadata.ownerReferences ?? []);
    for (const { uid } of owners) {
      const owner = byUid.get(uid);
      if (owner !== undefined) place(owner);
    }
    ordered.add(step);
  };
  for (const step of steps) place(step);
  return [...ordered];
}

/** The server's own word for what it makes of definitions by itself. */
const AUTOMANAGED = 'kube-aggregator.kubernetes.io/automanaged';

/** A controller makes it, or the server. */
function follows({ object: { metadata } }: Found): boolean {
  return metadata.labels?.[AUTOMANAGED] !== undefined || metadata.ownerReferences?.some(({ controller }) => controller === true) === true;
}
