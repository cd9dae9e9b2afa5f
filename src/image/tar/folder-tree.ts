interface Folder {
  isKnown: boolean;
  time_s: number | undefined;
  readonly inner: Map<string, Folder>;
}

/** What is known of folders by their paths. One is forgotten with all below it in one step, however many they are. */
export class FolderTree {
  readonly #root = newFolder();

  isKnown(path: string): boolean {
    return this.#find(path)?.isKnown === true;
  }

  know(path: string): void {
    this.#make(path).isKnown = true;
  }

  setTime(path: string, time_s: number): void {
    this.#make(path).time_s = time_s;
  }

  forget(path: string): void {
    const slash = path.lastIndexOf('/');
    this.#find(slash < 0 ? '' : path.slice(0, slash))?.inner.delete(path.slice(slash + 1));
  }

  /** Each folder that has a time. */
  *times(): Iterable<readonly [path: string, time_s: number]> {
    const open: { readonly path: string; readonly folder: Folder }[] = [{ path: '', folder: this.#root }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { path, folder } = next;
      if (folder.time_s !== undefined) yield [path, folder.time_s];
      for (const [name, inner] of folder.inner) open.push({ path: path === '' ? name : `${path}/${name}`, folder: inner });
    }
  }

  #find(path: string): Folder | undefined {
    let at: Folder | undefined = this.#root;
    for (const name of namesOf(path)) at = at?.inner.get(name);
    return at;
  }

  #make(path: string): Folder {
    let at = this.#root;
    for (const name of namesOf(path)) {
      const inner = at.inner.get(name) ?? newFolder();
      at.inner.set(name, inner);
      at = inner;
    }
    return at;
  }
}

function newFolder(): Folder {
  return { isKnown: false, time_s: undefined, inner: new Map() };
}

function namesOf(path: string): readonly string[] {
  return path === '' ? [] : path.split('/');
}
