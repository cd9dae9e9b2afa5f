import type { CoreV1Event, EventsV1Event } from '#cluster/api';
import { defined } from './renamed.ts';

/** A core/v1 Event by the names of events.k8s.io/v1. */
export function eventToEvents(event: CoreV1Event): EventsV1Event {
  const { metadata, action, reason, type, related, reportingInstance, series } = event;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata,
    eventTime: event.eventTime ?? '',
    ...defined<EventsV1Event>({
      action,
      reason,
      type,
      related,
      reportingInstance,
      eventTime: event.eventTime,
      regarding: event.involvedObject,
      note: event.message,
      reportingController: event.reportingComponent,
      deprecatedCount: event.count,
      deprecatedFirstTimestamp: event.firstTimestamp,
      deprecatedLastTimestamp: event.lastTimestamp,
      deprecatedSource: event.source,
      series: series && { count: series.count ?? 0, lastObservedTime: series.lastObservedTime ?? '' },
    }),
  };
}

/** An events.k8s.io/v1 Event by the names of core/v1. */
export function eventToCore(event: EventsV1Event): CoreV1Event {
  const { metadata, action, reason, type, related, reportingInstance, series } = event;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata,
    involvedObject: event.regarding ?? {},
    ...defined<CoreV1Event>({
      action,
      reason,
      type,
      related,
      reportingInstance,
      series,
      eventTime: event.eventTime || undefined,
      message: event.note,
      reportingComponent: event.reportingController,
      count: event.deprecatedCount,
      firstTimestamp: event.deprecatedFirstTimestamp,
      lastTimestamp: event.deprecatedLastTimestamp,
      source: event.deprecatedSource,
    }),
  };
}
