import { type ApiRequest, type ResourceRef, StatusError } from '#cluster/api';
import type { Clock } from '#kit';
import { type Count, type Durations, Family, Histogram } from './families.ts';

/** What is asked of the server, as far as it is counted. */
export type Counted = Pick<ApiRequest, 'verb' | 'resource'> & Partial<Pick<ApiRequest, 'namespace' | 'name' | 'subresource' | 'query' | 'contentType'>>;

const BOUNDS_S = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const VERBS: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' };
const READING = new Set(['get', 'list', 'watch']);
const COMPONENT = 'apiserver';

/** The counts of one kind of request, found once for each. */
interface Row {
  readonly durations: Durations | undefined;
  readonly codes: Map<string, Count>;
  readonly labels: Readonly<Record<string, string>>;
}

/** Counts requests under the names and labels that kube-apiserver has. Only what is served has a name, so that no client can make more of them. */
export class RequestMetrics {
  readonly #clock: Clock;
  readonly #isServed: (resource: ResourceRef) => boolean;
  readonly #rows = new Map<string, Row>();
  readonly #counted = new WeakSet<object>();
  readonly #total = new Family('apiserver_request_total', 'counter', 'Requests that were answered, by what was asked and how it was answered.');
  readonly #duration = new Histogram('apiserver_request_duration_seconds', 'How long requests took that are not open for long.', BOUNDS_S);
  readonly #inflight = new Family('apiserver_current_inflight_requests', 'gauge', 'Requests under way, by whether they write.');
  readonly #longRunning = new Family('apiserver_longrunning_requests', 'gauge', 'Watches, logs and connections that are open.');
  readonly #events = new Family('apiserver_watch_events_total', 'counter', 'Events that were given to watches.');
  readonly #reads: Count;
  readonly #writes: Count;

  constructor(clock: Clock, isServed: (resource: ResourceRef) => boolean) {
    this.#clock = clock;
    this.#isServed = isServed;
    this.#reads = this.#inflight.of({ request_kind: 'readOnly' });
    this.#writes = this.#inflight.of({ request_kind: 'mutating' });
  }

  /** Counts the request while it is under way, and how it ends. */
  async measure<T>(request: Counted, run: () => Promise<T>): Promise<T> {
    const row = this.#row(request);
    const inflight = READING.has(request.verb) ? this.#reads : this.#writes;
    const began = this.#clock.monotonic();
    inflight.value += 1;
    try {
      const answer = await run();
      this.#count(row, String(codeOf(answer)));
      return answer;
    } catch (error) {
      if (error instanceof Error) this.#counted.add(error);
      this.#count(row, String(error instanceof StatusError ? error.status : 500));
      throw error;
    } finally {
      inflight.value -= 1;
      if (row.durations) this.#duration.observe(row.durations, (this.#clock.monotonic() - began) / 1000);
    }
  }

  /** Counts what was refused before it was a request; what is counted already is not counted twice. */
  refused(request: Counted, thrown: unknown, status: number): void {
    if (!(thrown instanceof Error && this.#counted.has(thrown))) this.#count(this.#row(request), String(status));
  }

  /** Something that stays open until the answer is disposed of. */
  open(request: Counted): Disposable {
    const { dry_run: _, ...labels } = this.#row(request).labels;
    const count = this.#longRunning.of(labels);
    count.value += 1;
    let isOpen = true;
    return {
      [Symbol.dispose]: () => {
        if (isOpen) count.value -= 1;
        isOpen = false;
      },
    };
  }

  /** Counts a connection, or a stream without end, that was made of a request. */
  answered(request: Counted, status: number): void {
    this.#count(this.#row(request), String(status));
  }

  /** The count of a resource's events, which a watch adds to. */
  events({ group, version, resource }: ResourceRef): Count {
    return this.#events.of({ group, version, resource });
  }

  lines(): string[] {
    return [this.#total, this.#duration, this.#inflight, this.#longRunning, this.#events].flatMap((family) => family.lines());
  }

  #count({ codes, labels }: Row, code: string): void {
    const known = codes.get(code);
    if (known) {
      known.value += 1;
      return;
    }
    const count = this.#total.of({ code, ...labels });
    count.value += 1;
    codes.set(code, count);
  }

  #row({ verb, resource: ref, namespace, name, subresource = '', query, contentType }: Counted): Row {
    const scope = name !== undefined || verb === 'create' ? 'resource' : namespace === undefined ? 'cluster' : 'namespace';
    const dryRun = query?.dryRun === 'All' ? 'All' : '';
    const isApply = verb === 'patch' && contentType?.startsWith('application/apply-patch') === true;
    // What isn't served is counted, but not by the name that it was asked for.
    const { group, version, resource } = this.#isServed(ref) ? ref : NOTHING;
    const part = KNOWN_SUBRESOURCES.has(subresource) ? subresource : '';
    const key = `${verb} ${isApply} ${dryRun} ${scope} ${group}/${version}/${resource}/${part}`;
    const known = this.#rows.get(key);
    if (known) return known;
    const labels = {
      component: COMPONENT,
      dry_run: dryRun,
      group,
      resource,
      scope,
      subresource: part,
      verb: isApply ? 'APPLY' : (VERBS[verb] ?? verb.toUpperCase()),
      version,
    };
    const isLong = verb === 'watch' || verb === 'connect';
    const row: Row = { labels, codes: new Map(), durations: isLong ? undefined : this.#duration.of(labels) };
    this.#rows.set(key, row);
    return row;
  }
}

const NOTHING: ResourceRef = { group: '', version: '', resource: '' };
const KNOWN_SUBRESOURCES = new Set([
  '',
  'approval',
  'attach',
  'binding',
  'ephemeralcontainers',
  'eviction',
  'exec',
  'finalize',
  'log',
  'portforward',
  'proxy',
  'resize',
  'scale',
  'status',
  'token',
]);

/** Of an answer of the handler. */
function codeOf(answer: unknown): number {
  return typeof answer === 'object' && answer !== null && 'status' in answer && typeof answer.status === 'number' ? answer.status : 200;
}
