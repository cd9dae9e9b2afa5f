import type { ServerResponse } from 'node:http';
import type { ApiResponse, KubeList, KubeObject, ResourceRef, WatchEvent } from '#cluster/api';
import { bytesOf } from '../cache/bytes.ts';
import { formNotAcceptable } from '../errors.ts';
import { encoded, ENCODING_TYPES, type Encoding } from './encodings.ts';
import { type Shown, tableOf } from './tables.ts';
import type { ObjectForm } from './negotiate.ts';
import { addWarnings, listBytes, partialOf, sendContent } from './respond.ts';
import { sendWatch, type Writing } from './watch-response.ts';

/** In which form an answer was asked for. */
export interface Form {
  readonly form: ObjectForm;
  readonly encoding: Encoding;
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
export async function sendResponse(response: ServerResponse, answer: ApiResponse, asked: Asked, shown: Shown & Writing): Promise<void> {
  addWarnings(response, answer.warnings);
  switch (answer.kind) {
    case 'object':
      return await sendObject(response, answer.status, answer.object, asked, shown);
    case 'list':
      return await sendList(response, answer.list, asked, shown);
    case 'watch':
      return await sendWatch(response, answer.events, watchForm(asked, shown), shown, asked.encoding);
  }
}

async function sendObject(response: ServerResponse, status: number, object: unknown, asked: Asked, shown: Shown): Promise<void> {
  if (!isKubeObject(object) || object.kind === 'Status' || asked.form === 'object') {
    const isShared = typeof object === 'object' && object !== null && Object.isFrozen(object);
    return await send(response, status, object, asked, isShared ? bytesOf(object) : undefined);
  }
  if (asked.form === 'PartialObjectMetadataList')
    throw formNotAcceptable(`you requested PartialObjectMetadataList, but the requested object is not a list (${object.kind})`);
  const { resourceVersion = '' } = object.metadata;
  await send(response, status, asked.form === 'Table' ? tableOf(asked, shown, [object], { resourceVersion }) : partialOf(object, asked.version), asked);
}

async function sendList(response: ServerResponse, list: KubeList, asked: Asked, shown: Shown): Promise<void> {
  if (asked.form !== 'object') await send(response, 200, shapedList(list, asked, shown), asked);
  else {
    const isTold = isTyped(shown, asked.resource);
    if (asked.encoding === 'json') await send(response, 200, list, asked, listBytes(list, isTold));
    else await send(response, 200, isTold ? { ...list, items: list.items.map(({ apiVersion: _version, kind: _kind, ...item }) => item) } : list, asked);
  }
}

/** Kinds that a definition describes are told by each object. */
function isTyped({ kinds }: Shown, resource: ResourceRef): boolean {
  return kinds.find(resource)?.info.custom === undefined;
}

/** `json`: the value's JSON, where it is there already. */
async function send(response: ServerResponse, status: number, value: unknown, { encoding }: Asked, json?: Buffer): Promise<void> {
  const bytes = encoding === 'json' && json !== undefined ? json : await encoded(value, encoding);
  await sendContent(response, status, bytes, ENCODING_TYPES[encoding]);
}

function shapedList(list: KubeList, asked: Asked, shown: Shown): object {
  if (asked.form === 'Table') return tableOf(asked, shown, list.items, list.metadata);
  if (asked.form === 'PartialObjectMetadata') throw formNotAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (${list.kind})`);
  const items = list.items.map((item) => partialOf(item, asked.version));
  return { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${asked.version}`, metadata: list.metadata, items };
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
