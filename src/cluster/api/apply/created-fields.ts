import type { ServedResource } from '../resources.ts';
import type { KubeObject } from '../types.ts';
import type { FieldSet } from './field-set.ts';
import { ownable, shapeOfResource, UNOWNED_METADATA } from './managers.ts';
import { itemsOf, type Shape, shapeOfField } from './shape.ts';
import { createdFieldsOf } from './values.ts';

const KNOWN_MAX = 1024;
const OUTLINE_CHARACTERS_MAX = 8192;
const known = new WeakMap<ServedResource, Map<string, FieldSet>>();

/** All fields of a new object that can have a manager. Objects of one outline (names, and keys of items) have the same, which is made once. */
export function createdFields(resource: ServedResource, object: KubeObject): FieldSet {
  const shape = shapeOfResource(resource);
  const outline = topOutline(shape, object);
  if (outline.length > OUTLINE_CHARACTERS_MAX) return ownable(createdFieldsOf(shape, object));
  const sets = known.get(resource) ?? new Map<string, FieldSet>();
  known.set(resource, sets);
  const seen = sets.get(outline);
  if (seen) return seen;
  const made = ownable(createdFieldsOf(shape, object));
  if (sets.size >= KNOWN_MAX) sets.clear();
  sets.set(outline, made);
  return made;
}

function topOutline(shape: Shape, object: KubeObject): string {
  const { apiVersion: _version, kind: _kind, metadata, ...content } = object;
  let text = outlineOf(shape, content);
  const metadataShape = shapeOfField(shape, 'metadata', metadata);
  for (const [name, value] of Object.entries(metadata)) {
    if (value !== undefined && !UNOWNED_METADATA.includes(name))
      text += `;${JSON.stringify(name)}${outlineOf(shapeOfField(metadataShape, name, value), value)}`;
  }
  return text;
}

/** Everything of the value that its fields follow from, as text. */
function outlineOf(shape: Shape, value: unknown): string {
  if (shape.kind === 'leaf' || typeof value !== 'object' || value === null) return '';
  const items = itemsOf(shape, value);
  if (items !== undefined) return JSON.stringify(items.map(({ element, shape: below, value: part }) => element + outlineOf(below, part)));
  let text = '{';
  for (const name in value) {
    // Of a decoded object: its own fields only.
    const content = (value as Record<string, unknown>)[name];
    if (content !== undefined) text += `${JSON.stringify(name)}${outlineOf(shapeOfField(shape, name, content), content)},`;
  }
  return `${text}}`;
}
