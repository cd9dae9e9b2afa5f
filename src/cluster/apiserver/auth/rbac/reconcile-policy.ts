import { isDeepStrictEqual } from 'node:util';
import { type BindingObject, AUTO_UPDATE, type RoleObject } from './bootstrap-policy.ts';
import { notCovered } from './covers.ts';

/**
 * What a stored role has to become so that it has the rules, labels and annotations of the bootstrap one; undefined where nothing is
 * to be done: it has all of them, or its annotation says that it is looked after by somebody else. Nothing is taken away. Pure.
 */
export function reconciledRole(stored: RoleObject, wanted: RoleObject): RoleObject | undefined {
  if (!isOurs(stored)) return undefined;
  // Mostly they are the same, and comparing permission by permission is slow.
  const asWanted = wanted.aggregationRule !== undefined || isDeepStrictEqual(stored.rules ?? [], wanted.rules ?? []);
  const missing = asWanted ? [] : notCovered(stored.rules ?? [], wanted.rules ?? []);
  const next: RoleObject = {
    ...stored,
    metadata: withMarks(stored, wanted),
    ...(wanted.aggregationRule === undefined ? {} : { aggregationRule: wanted.aggregationRule }),
    rules: [...(stored.rules ?? []), ...missing],
  };
  return isDeepStrictEqual(next, { ...stored, rules: stored.rules ?? [] }) ? undefined : next;
}

/** The same for a binding; `replace` where its role is another one, which can't be changed. Pure. */
export function reconciledBinding(
  stored: BindingObject,
  wanted: BindingObject,
): { readonly how: 'update' | 'replace'; readonly object: BindingObject } | undefined {
  if (!isOurs(stored)) return undefined;
  const { roleRef } = stored;
  if (roleRef.kind !== wanted.roleRef.kind || roleRef.name !== wanted.roleRef.name) return { how: 'replace', object: wanted };
  const has = stored.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter(
    (one) => !has.some((other) => other.kind === one.kind && other.name === one.name && (other.namespace ?? '') === (one.namespace ?? '')),
  );
  const subjects = [...has, ...missing];
  const next: BindingObject = { ...stored, metadata: withMarks(stored, wanted), ...(subjects.length === 0 ? {} : { subjects }) };
  return isDeepStrictEqual(next, stored) ? undefined : { how: 'update', object: next };
}

function isOurs({ metadata }: RoleObject | BindingObject): boolean {
  return metadata.annotations?.[AUTO_UPDATE] !== 'false';
}

function withMarks({ metadata }: RoleObject | BindingObject, wanted: RoleObject | BindingObject): RoleObject['metadata'] {
  return {
    ...metadata,
    labels: { ...metadata.labels, ...wanted.metadata.labels },
    annotations: { ...wanted.metadata.annotations, ...metadata.annotations },
  };
}
