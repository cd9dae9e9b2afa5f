import type { PlaceOptions, TreeCopyItem, TreeGraft, TreeHashItem } from '../trees/types.ts';
import type { Digest, DigestAlgorithm, LayerCompression } from '../types.ts';

/** Work on bulk data that may be done in a worker thread. Paths are absolute. */
export type Job =
  | { readonly kind: 'hash'; readonly path: string; readonly algorithm: DigestAlgorithm }
  /** Unpacks the blob at `source` into the empty folder `target` and writes the file system through. */
  | { readonly kind: 'unpack'; readonly source: string; readonly target: string; readonly below: readonly string[]; readonly diffId: Digest }
  /** Packs the writable layer `source` into a gzip file at `target`; with `sync` the layer's own files are written through too. */
  | {
      readonly kind: 'pack';
      readonly source: string;
      readonly target: string;
      readonly omit: readonly string[];
      readonly latest_ms?: number;
      readonly sync?: boolean;
    }
  /** A plain archive at `source` is compressed to `target` where that is worth it; of a compressed one, which stays as it is, the plain content is measured. The other digest is the source's own. */
  | { readonly kind: 'compress'; readonly source: string; readonly target: string }
  /** The plain content of `source`, compressed anew to `target`; the compressor's own level where none is given. */
  | { readonly kind: 'recompress'; readonly source: string; readonly target: string; readonly compression: LayerCompression; readonly level?: number }
  | { readonly kind: 'hash-trees'; readonly items: readonly TreeHashItem[]; readonly owners: boolean }
  | { readonly kind: 'copy-trees'; readonly root: string; readonly items: readonly TreeCopyItem[] }
  | { readonly kind: 'place'; readonly archive: string; readonly options: PlaceOptions }
  | { readonly kind: 'prepare-grafts'; readonly root: string; readonly item: TreeCopyItem }
  | { readonly kind: 'graft'; readonly upper: string; readonly item: TreeCopyItem; readonly grafts: readonly TreeGraft[] };

export interface JobAnswers {
  readonly hash: { readonly digest: Digest };
  readonly unpack: { readonly size_bytes: number };
  readonly pack: PackedLayer & { readonly size_bytes: number };
  readonly compress:
    | { readonly file: 'target'; readonly compression: 'gzip'; readonly digest: Digest; readonly size: number }
    | { readonly file: 'source'; readonly compression: 'none' }
    | { readonly file: 'source'; readonly compression: 'gzip' | 'zstd'; readonly diffId: Digest };
  readonly recompress: { readonly digest: Digest; readonly size: number };
  readonly 'hash-trees': { readonly digest: Digest; readonly bytes: number };
  readonly 'copy-trees': undefined;
  readonly place: undefined;
  readonly 'prepare-grafts': readonly TreeGraft[];
  readonly graft: undefined;
}
export interface PackedLayer {
  readonly diffId: Digest;
  readonly digest: Digest;
  readonly size: number;
}

/** What a worker thread answers. */
export type JobReply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: { readonly code?: string; readonly status?: number; readonly message: string; readonly stack?: string } };
