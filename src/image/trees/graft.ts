import { rmSync } from 'node:fs';
import { pathBytes, type Privileges } from '../tar/files.ts';
import { toBytesText } from '../tar/names.ts';
import { TreeMaker } from './maker.ts';
import type { TreeCopyItem, TreeGraft } from './types.ts';
import { needStats } from './walk.ts';

/** Puts what `prepareGrafts` left for later into a writable layer that is not mounted: files that look as they shall become the same ones there. Blocks. */
export function graftTree(upper: string, item: TreeCopyItem, grafts: readonly TreeGraft[], privileges: Privileges): void {
  const maker = new TreeMaker(item, privileges, { shares: true });
  const root = toBytesText(upper);
  for (const { kind, source, target, inside } of grafts) {
    const [at, stats] = [`${root}${target}`, needStats(source)];
    if (kind === 'dress') maker.describe(source, at, stats);
    else if (kind === 'fill') maker.fill(source, at, inside, stats);
    else {
      // overlayfs's mark of the file of a layer below that was here.
      rmSync(pathBytes(at), { force: true });
      maker.put(source, at, inside, stats);
    }
  }
}
