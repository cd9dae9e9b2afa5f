import type { Stats } from 'node:fs';
import { readdirSync } from 'node:fs';
import type { Xattrs } from '#linux';
import { isWhiteout, lookUp, pathBytes } from './tar/files.ts';
import { OPAQUE_XATTR, toBytesText } from './tar/names.ts';

/** What overlayfs would show of a stack of unpacked layers, without mounting it. Paths are relative, as latin1 text. */
export class LowerView {
  readonly #layers: readonly string[];
  readonly #xattrs: Xattrs;

  /** `layers`: folders, uppermost first. */
  constructor(layers: readonly string[], xattrs: Xattrs) {
    this.#layers = layers.map(toBytesText);
    this.#xattrs = xattrs;
  }

  /** What stands at the path, or undefined. */
  find(path: string): Stats | undefined {
    for (const layer of this.#layers) {
      const found = this.#inLayer(layer, path);
      if (found === 'hidden') return undefined;
      if (found !== 'absent') return found;
    }
    return undefined;
  }

  /** Names in a folder. */
  names(path: string): readonly string[] {
    const names = new Set<string>();
    for (const layer of this.#layers) {
      const found = this.#inLayer(layer, path);
      if (found === 'hidden') break;
      if (found === 'absent') continue;
      if (!found.isDirectory()) break;
      for (const name of readdirSync(pathBytes(`${layer}/${path}`), 'latin1')) names.add(name);
      if (this.#isOpaque(`${layer}/${path}`)) break;
    }
    const prefix = path === '' ? '' : `${path}/`;
    return [...names].filter((name) => this.find(`${prefix}${name}`) !== undefined);
  }

  #inLayer(layer: string, path: string): Stats | 'hidden' | 'absent' {
    let at = layer;
    let stats = lookUp(pathBytes(at));
    let isCut = false;
    for (const part of path.split('/').filter((name) => name !== '')) {
      isCut ||= this.#isOpaque(at);
      at = `${at}/${part}`;
      stats = lookUp(pathBytes(at));
      if (stats === undefined) return isCut ? 'hidden' : 'absent';
      if (isWhiteout(stats)) return 'hidden';
      if (!stats.isDirectory() && at.length < layer.length + 1 + path.length) return 'hidden';
    }
    return stats ?? 'absent';
  }

  #isOpaque(path: string): boolean {
    return this.#xattrs.get(pathBytes(path), OPAQUE_XATTR)?.toString() === 'y';
  }
}
