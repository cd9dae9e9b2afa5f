import type { CoreV1Event, EventsV1Event, V1EventSource, V1ObjectReference } from '../../generated/types.ts';
import type { ObjectMeta } from '../../types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkKept, sameContent } from '../../validation/same.ts';
import { checkText, dnsSubdomain, qualifiedName } from '../../validation/text-formats.ts';

const WORD_BYTES_MAX = 128;
const NOTE_BYTES_MAX = 1024;

/** An Event of either group, by one set of names. */
export interface Told {
  readonly metadata: ObjectMeta;
  readonly about: V1ObjectReference;
  readonly note: string;
  readonly reason: string;
  readonly action: string;
  readonly type: string;
  readonly controller: string;
  readonly instance: string;
  readonly source: V1EventSource;
  readonly count: number;
  readonly series: { readonly count?: number; readonly lastObservedTime?: string } | undefined;
  readonly time: string | undefined;
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly related: V1ObjectReference | undefined;
}

export function ofCore(event: CoreV1Event): Told {
  const { metadata, involvedObject: about = {}, message: note = '', reason = '', action = '', type = '', series, related } = event;
  return {
    ...{ metadata, about, note, reason, action, type, series, related },
    controller: event.reportingComponent ?? '',
    instance: event.reportingInstance ?? '',
    source: event.source ?? {},
    count: event.count ?? 0,
    time: event.eventTime || undefined,
    first: event.firstTimestamp || undefined,
    last: event.lastTimestamp || undefined,
  };
}

export function ofEvents(event: EventsV1Event): Told {
  const { metadata, regarding: about = {}, note = '', reason = '', action = '', type = '', series, related } = event;
  return {
    ...{ metadata, about, note, reason, action, type, series, related },
    controller: event.reportingController ?? '',
    instance: event.reportingInstance ?? '',
    source: event.deprecatedSource ?? {},
    count: event.deprecatedCount ?? 0,
    time: event.eventTime || undefined,
    first: event.deprecatedFirstTimestamp || undefined,
    last: event.deprecatedLastTimestamp || undefined,
  };
}

/** The rules that hold for both groups; `controllerField` is what the group calls who reports. */
export function checkTold(errors: FieldErrors, told: Told, controllerField: string): void {
  const { metadata, about } = told;
  const namespace = metadata.namespace ?? '';
  // One that belongs to no namespace is told of in these.
  const homes = told.time === undefined ? ['', 'default'] : ['default', 'kube-system'];
  const isHome = about.namespace ? told.time !== undefined || about.namespace === namespace : homes.includes(namespace);
  if (!isHome) errors.invalid('involvedObject.namespace', about.namespace ?? '', 'does not match event.namespace');
  if (told.time !== undefined) checkWords(errors, told, controllerField);
  checkText(errors, 'namespace', namespace, dnsSubdomain);
}

function checkWords(errors: FieldErrors, { controller, instance, action, reason, note }: Told, controllerField: string): void {
  if (controller === '') errors.required(controllerField);
  checkText(errors, controllerField, controller, qualifiedName);
  for (const [field, word] of Object.entries({ reportingInstance: instance, action, reason })) {
    if (word === '') errors.required(field);
    if (Buffer.byteLength(word) > WORD_BYTES_MAX) errors.invalid(field, '', `can have at most ${WORD_BYTES_MAX} characters`);
  }
  if (Buffer.byteLength(note) > NOTE_BYTES_MAX) errors.invalid('message', '', `can have at most ${NOTE_BYTES_MAX} characters`);
}

/** What the newer group asks of a new Event besides. */
export function checkNewTold(errors: FieldErrors, told: Told): void {
  checkSeries(errors, told);
  if (told.time === undefined) errors.required('eventTime');
  if (told.type !== 'Normal' && told.type !== 'Warning') errors.invalid('type', '', `has invalid value: ${told.type}`);
  const old = { firstTimestamp: told.first, lastTimestamp: told.last, count: told.count || undefined, source: told.source.component || told.source.host };
  for (const [field, value] of Object.entries(old)) if (value) errors.invalid(field, '', 'needs to be unset');
}

const KEPT = {
  about: 'involvedObject',
  reason: 'reason',
  note: 'message',
  source: 'source',
  first: 'firstTimestamp',
  last: 'lastTimestamp',
  count: 'count',
  type: 'type',
  time: 'eventTime',
  action: 'action',
  related: 'related',
  controller: 'reportingController',
  instance: 'reportingInstance',
} as const satisfies Partial<Record<keyof Told, string>>;

/** What was told stays told; how often is counted. */
export function checkChangedTold(errors: FieldErrors, told: Told, old: Told): void {
  if (!sameContent(told.series, old.series)) checkSeries(errors, told);
  for (const [part, field] of Object.entries(KEPT)) {
    const key = part as keyof typeof KEPT; // the entries are the record's own
    checkKept(errors, field, told[key], old[key]);
  }
}

function checkSeries(errors: FieldErrors, { series }: Told): void {
  if (series === undefined) return;
  if ((series.count ?? 0) < 2) errors.invalid('series.count', '', 'should be at least 2');
  if (!series.lastObservedTime) errors.required('series.lastObservedTime');
}
