import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { type Clock, type Logger, messageOf } from '#kit';
import { settingsInvalid } from '../errors.ts';

/** Where the registry writes down who did what. */
export interface AuditSettings {
  readonly file: string;
  /** A file that has grown so large is put aside as FILE.1, and so on. */
  readonly maxBytes?: number;
  /** How many files are kept besides. */
  readonly keep?: number;
}
/** One request and what became of it. */
export interface AuditEntry {
  readonly user: string | undefined;
  readonly address: string;
  readonly method: string;
  /** `pull`, `push` or `delete`, where a repository is asked for. */
  readonly action: string | undefined;
  /** `manifest`, `blob`, `upload`, `tags`, `catalog`, …. */
  readonly kind: string;
  readonly repository?: string;
  readonly reference?: string;
  readonly digest?: string;
  readonly status: number;
  readonly agent?: string;
}

/** What stands in the place of entries that were dropped. */
interface LostEntries {
  readonly kind: 'lost';
  readonly lost: number;
  readonly reason: string;
}

const MAX_BYTES = 64 * 2 ** 20;
const KEEP = 5;
/** What may wait for the disk: a disk that hangs must not take the daemon's memory. */
const WAITING_BYTES_MAX = 8 * 2 ** 20;

/**
 * Appends one JSON object a line, in the order in which requests ended. What was written is on record before the registry stops. Where more
 * than 8 MiB wait for the disk, later entries are dropped, and a line of `kind` `lost` in their place says how many.
 */
export class AuditLog {
  readonly #settings: Required<AuditSettings>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #file: FileHandle;
  #size: number;
  #waiting: string[] = [];
  #waiting_bytes = 0;
  /** Entries dropped since the last line that told of some. */
  #dropped = 0;
  #lost = 0;
  #writing: Promise<void> | undefined;

  /** Errors: `REGISTRY_SETTINGS_INVALID` where the file can't be opened. */
  static async open(settings: AuditSettings, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }): Promise<AuditLog> {
    try {
      const file = await openFile(settings.file);
      return new AuditLog({ maxBytes: MAX_BYTES, keep: KEEP, ...settings }, { clock, logger }, file, (await file.stat()).size);
    } catch (error) {
      throw settingsInvalid(`it cannot write its audit log: ${messageOf(error)}`, error);
    }
  }

  private constructor(
    settings: Required<AuditSettings>,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
    file: FileHandle,
    size: number,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = logger;
    this.#file = file;
    this.#size = size;
  }

  /** Entries that are not on record: too many were waiting, or the file could not be written. */
  get lost(): number {
    return this.#lost;
  }

  write(entry: AuditEntry): void {
    if (this.#waiting_bytes >= WAITING_BYTES_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#wait(entry);
    this.#writing ??= this.#drain();
  }

  #wait(entry: AuditEntry | LostEntries): void {
    const line = `${JSON.stringify({ time: new Date(this.#clock.now()).toISOString(), ...entry })}\n`;
    this.#waiting.push(line);
    this.#waiting_bytes += Buffer.byteLength(line);
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #drain(): Promise<void> {
    // What comes in one turn is written at once.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      this.#tellOfDropped();
      const lines = this.#waiting.splice(0);
      const text = lines.join('');
      this.#waiting_bytes = 0;
      try {
        if (this.#size >= this.#settings.maxBytes) await this.#rotate();
        await this.#file.appendFile(text);
        this.#size += Buffer.byteLength(text);
      } catch (error) {
        this.#lost += lines.length;
        this.#logger.error('the audit log of the registry lacks entries: it could not be written', { lost: text, reason: messageOf(error) });
      }
    }
    // In the same turn in which nothing was left: a later entry begins anew.
    this.#writing = undefined;
  }

  /** In the place where the dropped entries would stand. */
  #tellOfDropped(): void {
    if (this.#dropped === 0) return;
    const lost = this.#dropped;
    const reason = `the disk did not keep up: ${lost} requests that ended here are not on record`;
    this.#dropped = 0;
    this.#lost += lost;
    this.#wait({ kind: 'lost', lost, reason });
    this.#logger.error('the audit log of the registry lacks entries: too many were waiting for the disk', { lost });
  }

  async #rotate(): Promise<void> {
    const { file, keep } = this.#settings;
    await rm(`${file}.${keep}`, { force: true });
    for (let number = keep - 1; number >= 0; number -= 1) {
      const from = number === 0 ? file : `${file}.${number}`;
      if (keep === 0) await rm(from, { force: true });
      else await rename(from, `${file}.${number + 1}`).catch(ignoreMissing);
    }
    const full = this.#file;
    this.#file = await openFile(file);
    this.#size = 0;
    await full.close();
  }
}

const openFile = (path: string): Promise<FileHandle> => open(path, 'a', 0o600);

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
