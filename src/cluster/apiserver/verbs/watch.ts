import { type ApiRequest, type ApiResponse, expired, type KubeObject, StatusError, type WatchEvent } from '#cluster/api';
import { catchUp } from '../cache/catch-up.ts';
import type { CacheEvent } from '../cache/cache-event.ts';
import type { Interest } from '../cache/listeners.ts';
import { WatchQueue } from '../cache/watch-queue.ts';
import type { Context } from '../context.ts';
import { interestOf, matcherOf, present, type Served, scopePrefix } from '../kinds.ts';
import type { Count } from '../metrics/families.ts';
import { watchOptions } from './list-options.ts';
import { waitForRevision } from './list.ts';
import { wholeNumber } from './options.ts';

const QUEUE_EVENTS_MAX = 8192;
const BOOKMARK_EVERY_MS = 60_000;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/**
 * GET of a collection with `watch=true`: what is, where no revision is given, then every change. A revision that is forgotten, or that does not
 * come, is told by the watch's only event. Errors: 400, 422.
 */
export async function watch(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const { query } = request;
  const { start, bookmarks } = watchOptions(query);
  const matches = matcherOf(served, query);
  const timeout_seconds = wholeNumber(query, 'timeoutSeconds');
  const cleanup: Disposable[] = [];
  const cleanUp = () => {
    context.watches.delete(queue);
    for (const one of cleanup) one[Symbol.dispose]();
  };
  const queue = new WatchQueue<WatchEvent>(QUEUE_EVENTS_MAX, cleanUp);
  context.watches.add(queue);
  const watcher: Watcher = {
    context,
    served,
    queue,
    cleanup,
    matches,
    bookmarks,
    interest: interestOf(served, query),
    prefix: scopePrefix(served, request.namespace),
    events: context.metrics.events(served.info),
  };
  try {
    cleanup.push(context.metrics.open(request));
    if (start.kind === 'initial') await begin(watcher, start.notOlderThan);
    else goOn(watcher, start.revision ?? context.cache.revision);
    if (bookmarks) keepBookmarking(watcher);
    endInTime(watcher, request, timeout_seconds);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    queue.push({ type: 'ERROR', object: error.body });
    queue.end();
  }
  // It may have ended while it waited for its beginning.
  if (queue.ended) cleanUp();
  return { kind: 'watch', events: queue };
}

/** One watch and what it needs. */
interface Watcher {
  readonly context: Context;
  readonly served: Served;
  readonly queue: WatchQueue<WatchEvent>;
  /** Done when the watch ends. */
  readonly cleanup: Disposable[];
  readonly matches: (object: KubeObject) => boolean;
  readonly bookmarks: boolean;
  /** What it can be told by, besides. */
  readonly interest: Interest | undefined;
  /** How many of the resource's events were given to anybody. */
  readonly events: Count;
  /** Below which everything lies that is watched. */
  readonly prefix: string;
}

/** Tells what is there, not older than the revision, marks where that ends, and goes on with what changes. Errors: 504 when the revision doesn't come. */
async function begin(watcher: Watcher, notOlderThan: number | 'latest'): Promise<void> {
  const { context, served, queue, matches, prefix } = watcher;
  if (notOlderThan === 'latest') await catchUp(context);
  else await waitForRevision(context, notOlderThan);
  const collection = context.cache.collection(served.prefix);
  for (const key of collection.keys(prefix)) {
    const object = collection.get(key);
    if (!object || !matches(object)) continue;
    watcher.events.value += 1;
    queue.preload({ type: 'ADDED', object: present(served, object) });
  }
  if (watcher.bookmarks) queue.preload(bookmarkEvent(served, context.cache.revision, { [INITIAL_EVENTS_END]: 'true' }));
  follow(watcher, 0);
}

/** Tells what has changed since the revision, and goes on. Errors: 410 when that is no longer all known. */
function goOn(watcher: Watcher, from: number): void {
  const collection = watcher.context.cache.collection(watcher.served.prefix);
  const missed = collection.since(from);
  if (!missed) throw expired(`too old resource version: ${from} (${collection.windowStart})`);
  for (const event of missed) tell(watcher, event);
  follow(watcher, from);
}

function follow(watcher: Watcher, from: number): void {
  const collection = watcher.context.cache.collection(watcher.served.prefix);
  watcher.cleanup.push(collection.listen((event) => event.revision > from && tell(watcher, event), watcher.interest));
}

function tell({ served, queue, matches, prefix, events }: Watcher, event: CacheEvent): void {
  if (!event.key.startsWith(prefix)) return;
  const translated = translate(served, event, matches);
  if (!translated) return;
  events.value += 1;
  queue.push(translated);
}

/** What the watcher sees of a change: an object that begins or ceases to match its selectors is added or deleted for it. */
function translate(served: Served, event: CacheEvent, matches: (object: KubeObject) => boolean): WatchEvent | undefined {
  const before = event.previous !== undefined && matches(event.previous);
  const now = event.type === 'put' && matches(event.object);
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', object: present(served, event.object) };
  if (!before || !event.previous) return undefined;
  if (event.type === 'delete') return { type: 'DELETED', object: present(served, event.object) };
  // Gone for this watcher only: it sees the last state that matched, at the revision that ended it.
  const last = { ...event.previous, metadata: { ...event.previous.metadata, resourceVersion: String(event.revision) } };
  return { type: 'DELETED', object: present(served, last) };
}

function bookmarkEvent(served: Served, revision: number, annotations?: Record<string, string>): WatchEvent {
  const metadata = { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) };
  return { type: 'BOOKMARK', object: { apiVersion: served.apiVersion, kind: served.info.kind, metadata } };
}

function endInTime({ context, queue, cleanup }: Watcher, { signal }: ApiRequest, timeout_seconds = 0): void {
  const end = () => queue.end();
  if (timeout_seconds > 0) {
    const timer = context.clock.setTimer(timeout_seconds * 1000, end);
    timer.unref();
    cleanup.push(timer);
  }
  if (!signal) return;
  if (signal.aborted) return queue.end();
  signal.addEventListener('abort', end, { once: true });
  cleanup.push({ [Symbol.dispose]: () => signal.removeEventListener('abort', end) });
}

function keepBookmarking({ context, served, queue, cleanup }: Watcher): void {
  let told = context.cache.revision;
  const set = () => {
    const timer = context.clock.setTimer(BOOKMARK_EVERY_MS, () => {
      if (context.cache.revision !== told) queue.push(bookmarkEvent(served, context.cache.revision));
      told = context.cache.revision;
      current = set();
    });
    timer.unref();
    return timer;
  };
  let current = set();
  cleanup.push({ [Symbol.dispose]: () => current[Symbol.dispose]() });
}
