import { type ApiRequest, type ApiResponse, badRequest, expired, type KubeObject, type WatchEvent } from '#cluster/api';
import { catchUp } from '../cache/catch-up.ts';
import type { CacheEvent } from '../cache/collection-cache.ts';
import { WatchQueue } from '../cache/watch-queue.ts';
import type { Context } from '../context.ts';
import { matcherOf, present, type Served, scopePrefix } from '../kinds.ts';
import { flag, revisionOf, wholeNumber } from './options.ts';

const QUEUE_EVENTS_MAX = 8192;
const BOOKMARK_EVERY_MS = 60_000;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** GET of a collection with `watch=true`: what is, where no revision is given, then every change. */
export async function watch(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const { query } = request;
  const bookmarks = flag(query, 'allowWatchBookmarks');
  const from = revisionOf(query);
  const sendInitial = initialEventsWanted(query, bookmarks, from);
  // What is, is asked for: not what was when this server last heard of it. With the revision 0 any state will do.
  if (sendInitial && from === undefined) await catchUp(context);
  const prefix = scopePrefix(served, request.namespace);
  const matches = matcherOf(served, query);
  const collection = context.cache.collection(served.prefix);
  const cleanup: Disposable[] = [];
  const queue = new WatchQueue<WatchEvent>(QUEUE_EVENTS_MAX, () => {
    context.watches.delete(queue);
    for (const one of cleanup) one[Symbol.dispose]();
  });
  context.watches.add(queue);
  const bookmark = (annotations?: Record<string, string>) => queue.push(bookmarkEvent(served, context.cache.revision, annotations));
  const onChange = (event: CacheEvent) => {
    if (!event.key.startsWith(prefix)) return;
    const translated = translate(served, event, matches);
    if (translated) queue.push(translated);
  };

  if (sendInitial) {
    for (const key of collection.keys(prefix)) {
      const object = collection.get(key);
      if (object && matches(object)) queue.preload({ type: 'ADDED', object: present(served, object) });
    }
    if (flag(query, 'sendInitialEvents')) bookmark({ [INITIAL_EVENTS_END]: 'true' });
  } else {
    const missed = collection.since(from ?? 0);
    if (!missed) {
      queue.push({ type: 'ERROR', object: expired(`too old resource version: ${from} (${collection.windowStart})`).body });
      queue.end();
      return { kind: 'watch', events: queue };
    }
    for (const event of missed) onChange(event);
  }
  cleanup.push(collection.listen((event) => event.revision > (sendInitial ? 0 : (from ?? 0)) && onChange(event)));
  if (bookmarks) keepBookmarking(context, bookmark, cleanup);
  endInTime(context, request, queue, cleanup);
  return { kind: 'watch', events: queue };
}

function initialEventsWanted(query: ApiRequest['query'], bookmarks: boolean, from: number | undefined): boolean {
  const given = query.sendInitialEvents;
  if (given === undefined || given === '') return from === undefined || from === 0;
  if (query.resourceVersionMatch !== 'NotOlderThan') throw badRequest('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  if (!flag(query, 'sendInitialEvents')) return false;
  if (!bookmarks) throw badRequest('sendInitialEvents=true requires allowWatchBookmarks=true');
  return true;
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

function endInTime(context: Context, request: ApiRequest, queue: WatchQueue<WatchEvent>, cleanup: Disposable[]): void {
  const end = () => queue.end();
  const timeout_seconds = wholeNumber(request.query, 'timeoutSeconds');
  if (timeout_seconds !== undefined && timeout_seconds > 0) {
    const timer = context.clock.setTimer(timeout_seconds * 1000, end);
    timer.unref();
    cleanup.push(timer);
  }
  const { signal } = request;
  if (!signal) return;
  if (signal.aborted) return queue.end();
  signal.addEventListener('abort', end, { once: true });
  cleanup.push({ [Symbol.dispose]: () => signal.removeEventListener('abort', end) });
}

function keepBookmarking(context: Context, bookmark: () => void, cleanup: Disposable[]): void {
  let told = context.cache.revision;
  const set = () => {
    const timer = context.clock.setTimer(BOOKMARK_EVERY_MS, () => {
      if (context.cache.revision !== told) bookmark();
      told = context.cache.revision;
      current = set();
    });
    timer.unref();
    return timer;
  };
  let current = set();
  cleanup.push({ [Symbol.dispose]: () => current[Symbol.dispose]() });
}
