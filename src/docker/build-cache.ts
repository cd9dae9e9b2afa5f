import type { CacheEntry } from '#build';
import { badRequest, unsupported } from './errors.ts';
import { pruned } from './event-log.ts';
import { Filters } from './filters.ts';
import type { Call } from './http.ts';
import { defined } from './json.ts';
import type { Rooms } from './options.ts';
import { PruneReport } from './prune-report.ts';
import { parseMoment_ms } from './times.ts';

const FILTERS = ['id', 'type', 'description', 'inuse', 'shared', 'private', 'until', 'unused-for'];

/** `POST /build/prune`. */
export function pruneBuilds(call: Call, rooms: Rooms): Promise<void> {
  return PruneReport.of(call, (report) => pruneBuildsReporting(call, rooms, report));
}

async function pruneBuildsReporting(call: Call, rooms: Rooms, report: PruneReport): Promise<object> {
  const filters = new Filters(call.text('filters'), FILTERS);
  for (const name of ['reserved-space', 'min-free-space'])
    if ((call.integer(name) ?? 0) !== 0) throw unsupported(`${name} in a prune of the build cache (use max-used-space)`);
  const keep = call.integer('max-used-space') || call.integer('keep-storage') || undefined;
  const { records, bytes } = await rooms.builder.prune(
    defined({
      all: call.flag('all') || filters.flag('shared') === true,
      keep_bytes: keep,
      until_ms: untilOf(filters, rooms.clock.now()),
      fits: FILTERS.some((name) => filters.has(name)) ? (entry: CacheEntry) => fits(entry, filters) : undefined,
    }),
  );
  rooms.events.tell(pruned('builder', bytes));
  for (const { key } of records) await report.gone(key);
  return { CachesDeleted: records.map(({ key }) => key), SpaceReclaimed: bytes };
}

/** The older and the newer name of the same filter: a moment, or how long ago. */
function untilOf(filters: Filters, now_ms: number): number | undefined {
  const [text, more] = [...filters.get('until'), ...filters.get('unused-for')];
  if (more !== undefined) throw badRequest('invalid filter: until and unused-for may be given once, and one of them');
  return parseMoment_ms(text, now_ms, 'until');
}

function fits(entry: CacheEntry, filters: Filters): boolean {
  const { record, inUse, shared } = entry;
  const is = (name: string, actual: boolean) => (filters.flag(name) ?? actual) === actual;
  return (
    filters.some('id', (id) => record.key.startsWith(id)) &&
    filters.any('type', typeOf(record)) &&
    filters.some('description', (text) => record.what.includes(text)) &&
    is('inuse', inUse) &&
    is('shared', shared) &&
    is('private', !shared)
  );
}

/** An entry of `BuildCache` in `GET /system/df`. */
export function cacheView({ record, inUse, shared }: CacheEntry): object {
  return {
    ID: record.key.slice(0, 25),
    Parents: null,
    Type: typeOf(record),
    Description: record.what,
    InUse: inUse,
    Shared: shared,
    Size: record.bytes,
    CreatedAt: new Date(record.created_ms).toISOString(),
    LastUsedAt: new Date(record.used_ms).toISOString(),
    UsageCount: record.uses,
  };
}

/** In the words that Docker's clients know. */
function typeOf({ kind, what }: CacheEntry['record']): string {
  if (kind === 'mount') return 'exec.cachemount';
  if (kind === 'files') return what.includes('.git') ? 'source.git.checkout' : 'source.http';
  return 'regular';
}
