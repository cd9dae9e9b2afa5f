import { parseAllDocuments } from 'yaml';
import { findKind, type KubeObject, type ResourceRef, StatusError } from '#cluster/api';
import type { ClusterClient } from '#cluster/client';
import { messageOf } from '#kit';
import { manifestRefused } from './errors.ts';

const MANAGER = 'gantry-testing';
const DEFINITIONS: ResourceRef = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };

interface Definition extends KubeObject {
  readonly spec: { readonly group: string; readonly scope: string; readonly names: { readonly kind: string; readonly plural: string } };
}

/** Server-side apply of objects, one after the other. Errors: `MANIFEST_REFUSED` with the place of the one that was refused; those before it stay. */
export async function applyManifests(client: ClusterClient, manifests: string | KubeObject | readonly KubeObject[]): Promise<readonly KubeObject[]> {
  const objects = typeof manifests === 'string' ? parse(manifests) : [manifests].flat();
  const applied: KubeObject[] = [];
  for (const [index, object] of objects.entries()) {
    const where = placeOf(object, index, objects.length);
    try {
      applied.push(await applyOne(client, object));
    } catch (error) {
      throw manifestRefused(where, error instanceof StatusError ? error.body.message : messageOf(error), error);
    }
  }
  return applied;
}

async function applyOne(client: ClusterClient, object: KubeObject): Promise<KubeObject> {
  const { ref, namespaced } = await resourceOf(client, object);
  const namespace = namespaced ? (object.metadata?.namespace ?? 'default') : undefined;
  const manager = { fieldManager: MANAGER, force: true, fieldValidation: 'Strict' } as const;
  const { name } = object.metadata ?? {};
  // Server-side apply needs a name; a name of which the server makes the rest is a new object each time.
  if (name === undefined) return await client.resource(ref).create({ ...object, metadata: { ...object.metadata, ...(namespace && { namespace }) } }, manager);
  return await client.resource(ref).patch(name, namespace, 'apply', object, manager);
}

/** The server's own kinds, and those that its definitions describe. */
async function resourceOf(client: ClusterClient, { apiVersion, kind }: KubeObject): Promise<{ readonly ref: ResourceRef; readonly namespaced: boolean }> {
  // A program without types, or a text, may lack either.
  if (!apiVersion || !kind) throw new Error(`${apiVersion ? 'kind' : 'apiVersion'}: Required value`);
  const known = findKind(apiVersion, kind);
  if (known !== undefined) return { ref: known, namespaced: known.namespaced };
  const [group = '', version = ''] = String(apiVersion).split('/');
  const { items } = await client.resource<Definition>(DEFINITIONS).list();
  const definition = items.find(({ spec }) => spec.group === group && spec.names.kind === kind);
  if (definition === undefined) throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { ref: { group, version, resource: definition.spec.names.plural }, namespaced: definition.spec.scope === 'Namespaced' };
}

function parse(text: string): readonly KubeObject[] {
  return parseAllDocuments(text).flatMap((document, index) => {
    const [error] = document.errors;
    if (error !== undefined) throw manifestRefused(`document ${index + 1}`, error.message, error);
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value === null) return [];
    if (typeof value !== 'object') throw manifestRefused(`document ${index + 1}`, `want an object, got ${JSON.stringify(value)}`, undefined);
    // What of it is no object of the API, the API says.
    const object = value as KubeObject & { items?: readonly KubeObject[] };
    return object.kind === 'List' ? (object.items ?? []) : [object];
  });
}

function placeOf({ kind, metadata }: KubeObject, index: number, count: number): string {
  const name = metadata?.name ?? metadata?.generateName ?? '';
  const namespace = metadata?.namespace === undefined ? '' : `${metadata.namespace}/`;
  return `${count > 1 ? `manifest ${index + 1} of ${count}, ` : ''}${kind ?? 'an object without a kind'} ${namespace}${name}`;
}
