import { overQuota } from './errors.ts';
import type { Repositories } from './repositories.ts';

/** The bytes of uploads under way, by repository: they count towards its quota. */
export class InFlight {
  readonly #repositories: Pick<Repositories, 'find'>;
  readonly #quotaOf: (name: string) => number;
  readonly #sizes = new Map<string, Map<unknown, number>>();

  constructor(repositories: Pick<Repositories, 'find'>, quotaOf: (name: string) => number) {
    this.#repositories = repositories;
    this.#quotaOf = quotaOf;
  }

  /** An upload has so many bytes now. */
  set(repository: string, upload: unknown, size: number): void {
    const sizes = this.#sizes.get(repository) ?? new Map<unknown, number>();
    this.#sizes.set(repository, sizes.set(upload, size));
  }

  forget(repository: string, upload: unknown): void {
    const sizes = this.#sizes.get(repository);
    sizes?.delete(upload);
    if (sizes?.size === 0) this.#sizes.delete(repository);
  }

  /** Whether the repository could have the upload at that size, beside all others. Errors: `DENIED`. */
  check(repository: string, upload: unknown, size: number): void {
    const quota_bytes = this.#quotaOf(repository);
    if (quota_bytes === Number.POSITIVE_INFINITY) return;
    let used_bytes = (this.#repositories.find(repository)?.used_bytes ?? 0) + size;
    for (const [other, bytes] of this.#sizes.get(repository) ?? []) if (other !== upload) used_bytes += bytes;
    if (used_bytes > quota_bytes) throw overQuota(repository, used_bytes, quota_bytes);
  }

  /** The content as it comes, counted; it ends in an error where it passes the quota. */
  async *count(repository: string, upload: unknown, content: AsyncIterable<Buffer>, begun_bytes: number): AsyncGenerator<Buffer> {
    let size = begun_bytes;
    for await (const piece of content) {
      size += piece.length;
      this.check(repository, upload, size);
      this.set(repository, upload, size);
      yield piece;
    }
  }
}
