type Change = { readonly path: string; readonly kind: 'modified' | 'added' | 'deleted' };

/** What the runtime makes in every writable layer to mount upon. */
export const STANDS_FOR_MOUNTS: ReadonlySet<string> = new Set(['/dev', '/proc', '/sys', '/etc/hostname', '/etc/hosts', '/etc/resolv.conf']);

/** The changes that the container's own processes made; a folder that only holds what the runtime made is none. Pure. */
export function userChanges(changes: readonly Change[]): readonly Change[] {
  const [own, others] = [changes.filter(({ path }) => STANDS_FOR_MOUNTS.has(path)), changes.filter(({ path }) => !STANDS_FOR_MOUNTS.has(path))];
  const holds = (list: readonly Change[], folder: string) => list.some(({ path }) => path.startsWith(`${folder}/`));
  return others.filter(({ path }) => !holds(own, path) || holds(others, path));
}
