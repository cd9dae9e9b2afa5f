import type { Definition, KubeObject } from '#cluster/api';
import { type Context, timestamp } from '../context.ts';
import { isResource, type Served } from '../kinds.ts';
import { DEFINITIONS } from './directory.ts';

type Condition = NonNullable<NonNullable<Definition['status']>['conditions']>[number];
type Names = Definition['spec']['names'];

export const isDefinition = (served: Served): boolean => isResource(served, 'apiextensions.k8s.io', 'customresourcedefinitions');

/**
 * Tells in a definition's status whether its names are free, and so whether its objects are served. It is written with the definition itself,
 * so that nobody has to wait for it: once it is there, so is what it defines.
 */
export function settleDefinition(context: Context, object: KubeObject): void {
  // Validated as one.
  const definition = object as Definition;
  definition.status = settledStatus(context, definition);
}

function settledStatus(context: Context, definition: Definition): NonNullable<Definition['status']> {
  const { spec, metadata, status } = definition;
  const conflict = conflictOf(context, definition);
  const time = timestamp(context.clock);
  const storage = spec.versions.find(({ storage: isStored }) => isStored)?.name;
  const conditions = [
    condition(
      'NamesAccepted',
      conflict === undefined,
      conflict === undefined ? 'NoConflicts' : conflict.reason,
      conflict?.message ?? 'no conflicts found',
      time,
    ),
    condition(
      'Established',
      conflict === undefined,
      conflict === undefined ? 'InitialNamesAccepted' : 'NotAccepted',
      conflict === undefined ? 'the initial names have been accepted' : 'not all names are accepted',
      time,
    ),
    ...(metadata.deletionTimestamp === undefined
      ? []
      : [condition('Terminating', true, 'InstanceDeletionInProgress', 'CustomResource deletion is in progress', time)]),
  ].map((wanted) => sameAsBefore(wanted, status?.conditions ?? []));
  return {
    ...status,
    conditions,
    // Once accepted they stay its own.
    acceptedNames: conflict === undefined ? spec.names : (status?.acceptedNames ?? { plural: '', kind: '' }),
    storedVersions: [...new Set([...(status?.storedVersions ?? []), ...(storage === undefined ? [] : [storage])])],
  };
}

function condition(type: string, isTrue: boolean, reason: string, message: string, lastTransitionTime: string): Condition {
  return { type, status: isTrue ? 'True' : 'False', lastTransitionTime, reason, message };
}

/** A condition that has not changed keeps the time since when it is so. */
function sameAsBefore(wanted: Condition, before: readonly Condition[]): Condition {
  const known = before.find(({ type, status }) => type === wanted.type && status === wanted.status);
  return known === undefined ? wanted : { ...wanted, ...(known.lastTransitionTime === undefined ? {} : { lastTransitionTime: known.lastTransitionTime }) };
}

/** The first of its names that another definition of the group has accepted, or that the server has itself. */
function conflictOf(context: Context, { metadata, spec }: Definition): { readonly reason: string; readonly message: string } | undefined {
  const definitions = context.cache.collection(DEFINITIONS);
  // What stands there are definitions.
  const others = definitions.keys(DEFINITIONS).map((key) => definitions.get(key) as Definition | undefined);
  const taken = others.flatMap((other) => {
    if (other === undefined || other.metadata.name === metadata.name || other.spec.group !== spec.group) return [];
    const isAccepted = other.status?.conditions?.some(({ type, status }) => type === 'NamesAccepted' && status === 'True') === true;
    return isAccepted ? [other.spec.names] : [];
  });
  const resources = new Set(taken.flatMap(resourceNames));
  const kinds = new Set(taken.flatMap(kindNames));
  const name = resourceNames(spec.names).find((one) => resources.has(one));
  if (name !== undefined) return { reason: name === spec.names.plural ? 'PluralConflict' : 'NamesConflict', message: `"${name}" is already in use` };
  const kind = kindNames(spec.names).find((one) => kinds.has(one));
  return kind === undefined ? undefined : { reason: 'KindConflict', message: `"${kind}" is already in use` };
}

const resourceNames = ({ plural, singular, shortNames = [] }: Names): readonly string[] => [
  plural,
  ...(singular === undefined ? [] : [singular]),
  ...shortNames,
];
const kindNames = ({ kind, listKind }: Names): readonly string[] => [kind, ...(listKind === undefined ? [] : [listKind])];
