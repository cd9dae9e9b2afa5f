import type { AttachSession } from './attach.ts';
import type { ContainerRecord } from './container.ts';
import { containerAmbiguous, containerUnknown } from './errors.ts';
import type { HealthState } from './types.ts';

/** How a run or a container ended, for those who wait. */
export interface WaitResult {
  readonly exitCode: number;
  readonly error?: string;
}
export interface Waiter {
  readonly condition: 'exit' | 'removed';
  readonly settle: (result: WaitResult) => void;
}

/** One container in memory. The record is replaced, never changed in place. */
export interface Entry {
  record: ContainerRecord;
  health: HealthState | undefined;
  readonly waiters: Set<Waiter>;
  /** Attached before start. */
  attaches: AttachSession[];
  /** Ends what runs beside it: health checks, the watch on its monitor, the next restart. */
  beside: DisposableStack | undefined;
  /** What the run before left is being taken away; the next one waits for it. */
  aftermath: Promise<void>;
  /** Short runs in a row. */
  streak: number;
  /** Something happened to it that the disk had no room for: its record there is an older one. */
  isUnsaved: boolean;
  /** How many are reading or writing in its root, which is mounted for them while it does not run. */
  rootUsers: number;
}

/** The containers in memory, found by id, name or the beginning of an id. */
export class ContainerTable {
  readonly #byId = new Map<string, Entry>();
  readonly #byName = new Map<string, string>();

  add(record: ContainerRecord): Entry {
    const entry: Entry = {
      record,
      health: undefined,
      waiters: new Set(),
      attaches: [],
      beside: undefined,
      aftermath: Promise.resolve(),
      streak: 0,
      rootUsers: 0,
      isUnsaved: false,
    };
    this.#byId.set(record.id, entry);
    this.#byName.set(record.name, record.id);
    return entry;
  }

  delete(id: string): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    this.#byId.delete(id);
    if (this.#byName.get(entry.record.name) === id) this.#byName.delete(entry.record.name);
  }

  renamed(entry: Entry, oldName: string): void {
    if (this.#byName.get(oldName) === entry.record.id) this.#byName.delete(oldName);
    this.#byName.set(entry.record.name, entry.record.id);
  }

  idOfName(name: string): string | undefined {
    return this.#byName.get(name);
  }

  byId(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  all(): readonly Entry[] {
    return [...this.#byId.values()];
  }

  /** Errors: `CONTAINER_UNKNOWN`, `CONTAINER_AMBIGUOUS`. */
  find(ref: string): Entry {
    const word = ref.replace(/^\//, '');
    const exact = this.#byId.get(word) ?? this.#byId.get(this.#byName.get(word) ?? '');
    if (exact) return exact;
    const begins = /^[0-9a-f]+$/.test(word) ? [...this.#byId.keys()].filter((id) => id.startsWith(word)) : [];
    if (begins.length > 1) throw containerAmbiguous(ref, begins.length);
    const entry = this.#byId.get(begins[0] ?? '');
    if (!entry) throw containerUnknown(ref);
    return entry;
  }
}
