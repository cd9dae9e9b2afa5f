import type { LeaseId, Revision } from '../types.ts';
import { readFields, WireWriter } from './wire.ts';

// The messages of etcd's API version 3 that the store speaks; the numbers of fields are those of its rpc.proto and kv.proto.

/** etcd's KeyValue, as far as it is read. */
export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** 0 for none. */
  readonly lease: LeaseId;
}
export interface RangeWanted {
  readonly key: string;
  /** The first key that is not meant any more; without it only `key` is. */
  readonly end?: Buffer;
  readonly limit?: number;
  readonly revision?: Revision;
  readonly countOnly?: boolean;
}
export interface RangeFound {
  /** Of the whole store, now. */
  readonly revision: Revision;
  readonly items: readonly KeyValue[];
  readonly more: boolean;
  readonly count: number;
}
export type Operation =
  | { readonly put: string; readonly value: Uint8Array; readonly lease?: LeaseId }
  | { readonly range: string }
  | { readonly delete: string };
export interface Transaction {
  /** The revisions at which these keys must stand, 0 for nothing there. */
  readonly compare: readonly { readonly key: string; readonly modRevision: Revision }[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}
export interface TransactionDone {
  readonly succeeded: boolean;
  readonly revision: Revision;
  /** What each operation answers: what a range found, what a deletion took away. */
  readonly answers: readonly (readonly KeyValue[])[];
}
export interface WatchEvent {
  readonly deleted: boolean;
  readonly item: KeyValue;
  readonly previous?: KeyValue;
}
export interface WatchAnswer {
  readonly revision: Revision;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Not 0: the watch asked for what was compacted before this revision. */
  readonly compactRevision: Revision;
  readonly reason: string;
  readonly events: readonly WatchEvent[];
}

const COMPARE_MOD = 2;
const EVENT_DELETE = 1;

/** The first key past all that begin with the prefix. */
export function endOfPrefix(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  // UTF-8 has no byte 0xff, so the last can always be raised.
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

export function encodeRange(wanted: RangeWanted): Buffer {
  return rangeRequest(wanted).finish();
}

function rangeRequest({ key, end, limit = 0, revision = 0, countOnly = false }: RangeWanted): WireWriter {
  const writer = new WireWriter().bytes(1, Buffer.from(key));
  if (end !== undefined) writer.bytes(2, end);
  return writer.number(3, limit).number(4, revision).flag(9, countOnly);
}

export function decodeRange(bytes: Buffer): RangeFound {
  const found = { revision: 0, more: false, count: 0 };
  const items: KeyValue[] = [];
  for (const { number, value, bytes: inner } of readFields(bytes)) {
    if (number === 1) found.revision = revisionOfHeader(inner);
    else if (number === 2) items.push(keyValue(inner));
    else if (number === 3) found.more = value !== 0;
    else if (number === 4) found.count = value;
  }
  return { ...found, items };
}

export function encodeTransaction({ compare, success, failure }: Transaction): Buffer {
  const writer = new WireWriter();
  for (const { key, modRevision } of compare) {
    writer.message(1, new WireWriter().number(2, COMPARE_MOD).bytes(3, Buffer.from(key)).chosen(6, modRevision));
  }
  for (const operation of success) writer.message(2, requestOf(operation));
  for (const operation of failure) writer.message(3, requestOf(operation));
  return writer.finish();
}

function requestOf(operation: Operation): WireWriter {
  if ('put' in operation) {
    const { put, value, lease = 0 } = operation;
    return new WireWriter().message(2, new WireWriter().bytes(1, Buffer.from(put)).bytes(2, value).number(3, lease));
  }
  if ('range' in operation) return new WireWriter().message(1, rangeRequest({ key: operation.range }));
  return new WireWriter().message(3, new WireWriter().bytes(1, Buffer.from(operation.delete)).flag(3, true));
}

export function decodeTransaction(bytes: Buffer): TransactionDone {
  const done = { succeeded: false, revision: 0 };
  const answers: (readonly KeyValue[])[] = [];
  for (const { number, value, bytes: inner } of readFields(bytes)) {
    if (number === 1) done.revision = revisionOfHeader(inner);
    else if (number === 2) done.succeeded = value !== 0;
    else if (number === 3) answers.push(answerOf(inner));
  }
  return { ...done, answers };
}

/** The items are field 2 of a range's answer and field 3 of a deletion's; a put was not asked for what stood there. */
function answerOf(bytes: Buffer): readonly KeyValue[] {
  for (const { number, bytes: inner } of readFields(bytes)) {
    const field = number === 1 ? 2 : number === 3 ? 3 : 0;
    return [...readFields(inner)].filter((one) => one.number === field).map((one) => keyValue(one.bytes));
  }
  return [];
}

export function encodeCompaction(revision: Revision): Buffer {
  return new WireWriter().number(1, revision).finish();
}

/** Begins a watch of all keys with the prefix, from `start` on, with what stood there before, and with progress from time to time. */
export function encodeWatch(prefix: string, start: Revision): Buffer {
  const create = new WireWriter().bytes(1, Buffer.from(prefix)).bytes(2, endOfPrefix(prefix)).number(3, start).flag(4, true).flag(6, true);
  return new WireWriter().message(1, create).finish();
}

export function decodeWatch(bytes: Buffer): WatchAnswer {
  const answer = { revision: 0, created: false, canceled: false, compactRevision: 0, reason: '' };
  const events: WatchEvent[] = [];
  for (const { number, value, bytes: inner } of readFields(bytes)) {
    if (number === 1) answer.revision = revisionOfHeader(inner);
    else if (number === 3) answer.created = value !== 0;
    else if (number === 4) answer.canceled = value !== 0;
    else if (number === 5) answer.compactRevision = value;
    else if (number === 6) answer.reason = inner.toString();
    else if (number === 11) events.push(watchEvent(inner));
  }
  return { ...answer, events };
}

function watchEvent(bytes: Buffer): WatchEvent {
  let deleted = false;
  let item: KeyValue | undefined;
  let previous: KeyValue | undefined;
  for (const { number, value, bytes: inner } of readFields(bytes)) {
    if (number === 1) deleted = value === EVENT_DELETE;
    else if (number === 2) item = keyValue(inner);
    else if (number === 3) previous = keyValue(inner);
  }
  if (item === undefined) throw new RangeError('an event of etcd without its key');
  return { deleted, item, ...(previous === undefined ? {} : { previous }) };
}

function keyValue(bytes: Buffer): KeyValue {
  let [key, createRevision, modRevision, lease] = ['', 0, 0, 0];
  let content: Uint8Array = new Uint8Array();
  for (const { number, value, bytes: inner } of readFields(bytes)) {
    if (number === 1) key = inner.toString();
    else if (number === 2) createRevision = value;
    else if (number === 3) modRevision = value;
    // A copy: the whole answer would stay in memory with it.
    else if (number === 5) content = new Uint8Array(inner);
    else if (number === 6) lease = value;
  }
  return { key, value: content, createRevision, modRevision, lease };
}

function revisionOfHeader(bytes: Buffer): Revision {
  for (const { number, value } of readFields(bytes)) if (number === 3) return value;
  return 0;
}
