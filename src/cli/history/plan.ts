import { isDeepStrictEqual } from 'node:util';
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
  const isMeant = (found: Found) => (only === undefined ? !hasController(found) : only(found));
  const steps: Step[] = [];
  for (const found of [...then.values()].filter(isMeant)) {
    const present = now.get(keyOf(found));
    if (present === undefined) steps.push({ kind: 'create', then: found });
    else if (!isDeepStrictEqual(wishOf(found.object), wishOf(present.object))) steps.push({ kind: 'restore', then: found, now: present });
  }
  if (prune) for (const found of [...now.values()].filter(isMeant)) if (!then.has(keyOf(found))) steps.push({ kind: 'delete', now: found });
  return steps.toSorted((a, b) => rank(a) - rank(b));
}

/** What others stand in or are described by comes first; what goes, last. */
const FIRST = ['Namespace', 'CustomResourceDefinition', 'PriorityClass', 'StorageClass', 'ServiceAccount', 'ClusterRole', 'Role', 'ConfigMap', 'Secret'];

function rank(step: Step): number {
  if (step.kind === 'delete') return FIRST.length + 2;
  const place = FIRST.indexOf(step.then.kind.kind);
  const isOwned = (step.then.object.metadata.ownerReferences ?? []).length > 0;
  return place >= 0 ? place : isOwned ? FIRST.length + 1 : FIRST.length;
}

function hasController({ object: { metadata } }: Found): boolean {
  return metadata.ownerReferences?.some(({ controller }) => controller === true) === true;
}
