/** A file or folder that is read; a link is taken as a link. */
export interface TreeSource {
  readonly path: string;
  /** Sources of regular expressions over paths below it (for a file: over its name). What fits one is left out, with all that is in it. */
  readonly excludes?: readonly string[];
  /** What stands before these paths: the folder that they are told from, relative to where the expressions begin. */
  readonly within?: string;
}
export interface TreeHashItem extends TreeSource {
  /** What it is called where that matters, else empty. */
  readonly name: string;
  /** Of a folder, what it holds, and not how it looks itself. */
  readonly contentOnly?: boolean;
}
export interface TreeCopyItem extends TreeSource {
  /** Folder inside of the root, made where it is not there; links in the root never lead out of it. */
  readonly folder: string;
  /** Its name in the folder; left out: what the source folder holds is put into the folder. */
  readonly name?: string;
  /** Left out: the source's. */
  readonly owner?: Owner;
  readonly mode?: ModeChange;
  /** Of folders that are made on the way; else root's. */
  readonly folderOwner?: Owner;
  /** Theirs; else 0755. */
  readonly folderMode?: number;
  /**
   * The source is what an archive held, which names these folders of it (latin1 text) itself. It is put there as archives are: whatever is in the
   * way goes, but a folder that the archive only implies may be a link, and is left as it is.
   */
  readonly archiveFolders?: readonly string[];
}
/** What of a copy is put into a writable layer while that is not mounted. Paths are latin1 text; the target's begins at the root. */
export interface TreeGraft {
  /** A file, what a new folder holds, or the looks of a folder that was there. */
  readonly kind: 'put' | 'fill' | 'dress';
  readonly source: string;
  readonly target: string;
  /** Relative to the item. */
  readonly inside: string;
}
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}
/** A parsed mode of chmod(1): one number, or clauses in their order. */
export type ModeChange = { readonly octal: number } | { readonly clauses: readonly ModeClause[] };
export interface ModeClause {
  /** Whose bits: of 0o700, 0o070 and 0o007. */
  readonly who: number;
  readonly operator: '+' | '-' | '=';
  /** Of `r`, `w`, `x`, `X`, `s` and `t`. */
  readonly permissions: string;
}

/** Bulk work on trees of files, done off the event loop where it is much. */
export interface Trees {
  /**
   * A hash of names, kinds, modes, link targets, attributes and content, owners where asked; never of times. Errors: `TREE_INVALID`.
   */
  hash(items: readonly TreeHashItem[], options: { readonly owners: boolean }): Promise<{ readonly digest: string; readonly bytes: number }>;
  /** Copies into `root`, in order. Folders are merged, anything else is replaced. Errors: `TREE_INVALID`. */
  copy(root: string, items: readonly TreeCopyItem[]): Promise<void>;
  /**
   * Unpacks an archive file (plain, gzip or zstd), once all of it has proved to be whole and to fit, into a folder below a root that others
   * change meanwhile. Errors: `TAR_INVALID`, `PATH_INVALID`, `ARCHIVE_TOO_LARGE`, `UNPACK_TOO_LARGE`, `NO_SPACE`, `UNPACK_FAILED`.
   */
  place(archive: string, options: PlaceOptions): Promise<void>;
}
export interface PlaceOptions {
  readonly root: string;
  /** An existing folder below the root, as who is inside calls it. */
  readonly inside: string;
  /** The same folder as it is reached from here: of its disk the room is asked. */
  readonly room: string;
  /** A folder is not put in place of a file, nor a file in place of a folder. */
  readonly noOverwriteDirNonDir: boolean;
  /** The archive's owners count; else everything is root's. */
  readonly keepOwners: boolean;
}
