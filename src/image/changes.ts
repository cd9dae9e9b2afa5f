import { readdirSync } from 'node:fs';
import type { Xattrs } from '#linux';
import { pathTooLong } from './errors.ts';
import type { LowerView } from './lower-view.ts';
import { isWhiteout, lookUp, pathBytes } from './tar/files.ts';
import { fromBytesText, OPAQUE_XATTR, toBytesText } from './tar/names.ts';

export interface Change {
  readonly path: string;
  readonly kind: 'modified' | 'added' | 'deleted';
}

/** What a writable layer changed in the layers below it, sorted by path. Errors: `LAYER_TOO_DEEP`. */
export function changesOf(upper: string, lower: LowerView, xattrs: Xattrs): readonly Change[] {
  const changes: Change[] = [];
  const root = toBytesText(upper);
  const note = (path: string, kind: Change['kind']) => changes.push({ path: `/${fromBytesText(path)}`, kind });
  const visit = (folder: string): void => {
    const prefix = folder === '' ? '' : `${folder}/`;
    const at = pathBytes(`${root}/${folder}`);
    const names = readdirSync(at, 'latin1').sort();
    if (xattrs.get(at, OPAQUE_XATTR)?.toString() === 'y') {
      for (const name of lower.names(folder)) if (!names.includes(name)) note(`${prefix}${name}`, 'deleted');
    }
    for (const name of names) {
      const path = `${prefix}${name}`;
      const stats = lookUp(pathBytes(`${root}/${path}`));
      if (stats === undefined) continue;
      if (isWhiteout(stats)) {
        note(path, 'deleted');
        continue;
      }
      note(path, lower.find(path) === undefined ? 'added' : 'modified');
      if (stats.isDirectory()) visit(path);
    }
  };
  try {
    visit('');
  } catch (error) {
    throw pathTooLong(error);
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}
