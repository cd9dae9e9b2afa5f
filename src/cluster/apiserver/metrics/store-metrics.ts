import type { Store } from '#cluster/store';
import type { Clock } from '#kit';
import { ROOT } from '../cache/keys.ts';
import { type Count, type Durations, Family, Histogram } from './families.ts';

const BOUNDS_S = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

interface Row {
  readonly durations: Durations;
  readonly total: Count;
  readonly errors: Count;
}

/** A store whose operations are counted and timed, under the names that kube-apiserver has for those on etcd. */
export class StoreMetrics {
  readonly #clock: Clock;
  readonly #rows = new Map<string, Row>();
  readonly #durations = new Histogram('etcd_request_duration_seconds', 'How long the store took, by operation and resource.', BOUNDS_S);
  readonly #total = new Family('etcd_requests_total', 'counter', 'What was asked of the store.');
  readonly #errors = new Family('etcd_request_errors_total', 'counter', 'What the store refused or could not do.');

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The store itself, measured. */
  measured(store: Store): Store {
    return {
      shared: store.shared,
      ...(store.keepsLate === undefined ? {} : { keepsLate: store.keepsLate }),
      revision: () => store.revision(),
      revisionAt: (...args) => store.revisionAt(...args),
      watch: (...args) => store.watch(...args),
      grantLease: (ttl_s) => store.grantLease(ttl_s),
      keepLeaseAlive: (id) => store.keepLeaseAlive(id),
      revokeLease: (id) => store.revokeLease(id),
      lease: (id) => store.lease(id),
      compact: (revision) => store.compact(revision),
      close: () => store.close(),
      get: (key, revision) => this.#time('get', key, () => store.get(key, revision)),
      range: (prefix, options) => this.#time('list', prefix, () => store.range(prefix, options)),
      put: (key, value, options) => this.#time(options?.expected === 0 ? 'create' : 'update', key, () => store.put(key, value, options)),
      transact: (writes) => this.#time('transact', writes[0]?.key ?? ROOT, () => store.transact(writes)),
      delete: (key, options) => this.#time('delete', key, () => store.delete(key, options)),
    };
  }

  lines(): string[] {
    return [this.#durations, this.#total, this.#errors].flatMap((family) => family.lines());
  }

  async #time<T>(operation: string, key: string, run: () => Promise<T>): Promise<T> {
    const row = this.#row(operation, key);
    const began = this.#clock.monotonic();
    row.total.value += 1;
    try {
      return await run();
    } catch (error) {
      row.errors.value += 1;
      throw error;
    } finally {
      this.#durations.observe(row.durations, (this.#clock.monotonic() - began) / 1000);
    }
  }

  #row(operation: string, key: string): Row {
    const [group = '', resource = ''] = key.slice(ROOT.length).split('/', 2);
    const name = `${operation} ${group}/${resource}`;
    const known = this.#rows.get(name);
    if (known) return known;
    const labels = { group: group === 'core' ? '' : group, operation, resource };
    const row = { durations: this.#durations.of(labels), total: this.#total.of(labels), errors: this.#errors.of(labels) };
    this.#rows.set(name, row);
    return row;
  }
}
