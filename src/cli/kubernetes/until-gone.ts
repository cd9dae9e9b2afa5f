import type { KubeObject, WatchEvent } from '#cluster/api';
import { isStatus, type RawClient } from '#cluster/client';
import type { Kind } from './kinds.ts';
import { placeOf } from './place.ts';

/** Resolves once the object that is being deleted is no more (or another has its name): finalizers and node agents take their time. */
export async function untilGone(client: RawClient, kind: Kind, namespace: string | undefined, name: string): Promise<void> {
  let uid: string | undefined;
  for (;;) {
    const object = await current(client, kind, namespace, name);
    if (object === undefined || object.metadata.deletionTimestamp === undefined) return;
    uid ??= object.metadata.uid;
    if (object.metadata.uid !== uid) return;
    if (await deletedInWatch(client, kind, namespace, object)) return;
    // The server ended the watch: look again.
  }
}

async function current(client: RawClient, kind: Kind, namespace: string | undefined, name: string): Promise<KubeObject | undefined> {
  try {
    // An object, as the path says.
    return (await client.json({ path: placeOf(kind, namespace, name) })).body as KubeObject;
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined;
    throw error;
  }
}

async function deletedInWatch(client: RawClient, kind: Kind, namespace: string | undefined, { metadata }: KubeObject): Promise<boolean> {
  const query = { watch: 'true', fieldSelector: `metadata.name=${metadata.name}`, resourceVersion: metadata.resourceVersion };
  // Events, in the form of the watch protocol.
  for await (const { type } of client.lines({ path: placeOf(kind, namespace, undefined, query) }) as AsyncGenerator<WatchEvent>) {
    if (type === 'DELETED') return true;
    if (type === 'ERROR') return false;
  }
  return false;
}
