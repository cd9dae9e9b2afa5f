import type { CoreV1Event, EventsV1Event } from '../../generated/types.ts';
import { type Column, column } from '../../table/column.ts';
import { age } from '../../table/duration.ts';
import type { KubeObject } from '../../types.ts';
import { checkText, pathSegment } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { checkChangedTold, checkNewTold, checkTold, ofCore, ofEvents, type Told } from './event-rules.ts';

/** One printed line for Events of both groups. */
function columns<T extends KubeObject>(of: (event: T) => Told): readonly Column[] {
  const text = (name: string, cell: (told: Told, now_ms: number) => string, priority = 0) =>
    column<T>(name, (event, now_ms) => cell(of(event), now_ms), priority);
  return [
    text('Last Seen', ({ series, last, first, time }, now_ms) => age(series?.lastObservedTime ?? last ?? first ?? time, now_ms)),
    text('Type', ({ type }) => type),
    text('Reason', ({ reason }) => reason),
    text('Object', ({ about }) => `${about.kind?.toLowerCase() ?? ''}${about.name ? `/${about.name}` : ''}`),
    text('Subobject', ({ about }) => about.fieldPath ?? '', 1),
    text('Source', ({ source, controller, instance }) => [source.component || controller, source.host || instance].filter((part) => part).join(', '), 1),
    text('Message', ({ note }) => note.trim()),
    text('First Seen', ({ first, time }, now_ms) => age(first ?? time, now_ms), 1),
    text('Count', ({ series, count }) => String(series === undefined ? count || 1 : (series.count ?? 0)), 1),
    text('Name', ({ metadata }) => metadata.name ?? '', 1),
  ];
}

export const CORE_EVENT = strategy<CoreV1Event>({
  validateName: (errors, field, name) => checkText(errors, field, name, pathSegment),
  validate: (errors, event) => checkTold(errors, ofCore(event), 'reportingComponent'),
  columns: columns(ofCore),
});

export const EVENTS_EVENT = strategy<EventsV1Event>({
  validate: (errors, event, old) => {
    const told = ofEvents(event);
    checkTold(errors, told, 'reportingController');
    if (old === undefined) checkNewTold(errors, told);
    else checkChangedTold(errors, told, ofEvents(old));
  },
  columns: columns(ofEvents),
});
