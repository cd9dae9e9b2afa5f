import type { ServerResponse } from 'node:http';
import type { ApiResponse, KubeList, KubeObject, ResourceRef, WatchEvent } from '#cluster/api';
import { bytesOf } from '../cache/bytes.ts';
import { type Shown, tableOf } from './tables.ts';
import type { ObjectForm } from './negotiate.ts';
import { addWarnings, listBytes, partialOf, sendContent } from './respond.ts';
import { sendWatch } from './watch-response.ts';

/** In which form an answer was asked for. */
export interface Form {
  readonly form: ObjectForm;
  /** Of meta.k8s.io. */
  readonly version: string;
}
export interface Asked extends Form {
  readonly resource: ResourceRef;
  readonly subresource: string | undefined;
  /** For tables: how much of each object stands in its row (`None`, `Metadata`, `Object`). */
  readonly includeObject: string | undefined;
}

/** Writes the handler's answer in the form that the client asked for. */
export async function sendResponse(response: ServerResponse, answer: ApiResponse, asked: Asked, shown: Shown): Promise<void> {
  switch (answer.kind) {
    case 'object':
      addWarnings(response, answer.warnings);
      return await sendObject(response, answer.status, answer.object, asked, shown);
    case 'list':
      return await sendList(response, answer.list, asked, shown);
    case 'watch':
      return await sendWatch(response, answer.events, watchForm(asked, shown), shown.clock);
  }
}

async function sendObject(response: ServerResponse, status: number, object: unknown, asked: Asked, shown: Shown): Promise<void> {
  if (!isKubeObject(object) || object.kind === 'Status' || asked.form === 'object') {
    const isShared = typeof object === 'object' && object !== null && Object.isFrozen(object);
    await sendContent(response, status, isShared ? bytesOf(object) : jsonBytes(object));
  } else {
    const { resourceVersion = '' } = object.metadata;
    const shaped = asked.form === 'Table' ? tableOf(asked, shown, [object], { resourceVersion }) : partialOf(object, asked.version);
    await sendContent(response, status, jsonBytes(shaped));
  }
}

async function sendList(response: ServerResponse, list: KubeList, asked: Asked, shown: Shown): Promise<void> {
  await sendContent(response, 200, asked.form === 'object' ? listBytes(list) : jsonBytes(shapedList(list, asked, shown)));
}

function shapedList(list: KubeList, asked: Asked, shown: Shown): object {
  if (asked.form === 'Table') return tableOf(asked, shown, list.items, list.metadata);
  const items = list.items.map((item) => partialOf(item, asked.version));
  return { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${asked.version}`, metadata: list.metadata, items };
}

function jsonBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function watchForm(asked: Asked, shown: Shown): (event: WatchEvent) => object {
  if (asked.form === 'object') return (event) => event.object;
  let first = true;
  return (event) => {
    if (event.type === 'ERROR') return event.object;
    if (asked.form !== 'Table') {
      return event.type === 'BOOKMARK'
        ? { ...event.object, kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${asked.version}` }
        : partialOf(event.object, asked.version);
    }
    const objects = event.type === 'BOOKMARK' ? [] : [event.object];
    const table = tableOf(asked, shown, objects, { resourceVersion: event.object.metadata.resourceVersion ?? '' }, first);
    first = false;
    return table;
  };
}

function isKubeObject(value: unknown): value is KubeObject {
  return typeof value === 'object' && value !== null && 'metadata' in value && 'kind' in value;
}
