import type { FieldErrors } from '../validation/field-errors.ts';
import type { JsonSchema } from './json-schema.ts';

const LIST = 'x-kubernetes-list-type';
const MAP = 'x-kubernetes-map-type';
const KEYS = 'x-kubernetes-list-map-keys';

/** What a schema says of how lists and maps are put together when they are applied. */
export function checkListSchema(errors: FieldErrors, path: string, schema: JsonSchema): void {
  const { type = '', items, [LIST]: listType, [MAP]: mapType, [KEYS]: keys = [] } = schema;
  if (mapType !== undefined) {
    checkTypeIs(errors, path, type, 'object', MAP);
    if (mapType !== 'atomic' && mapType !== 'granular') errors.notSupported(`${path}.${MAP}`, mapType, ['atomic', 'granular']);
  }
  if (listType !== undefined) {
    checkTypeIs(errors, path, type, 'array', LIST);
    if (type === 'array' && listType === 'set' && items !== undefined) checkItemsOfSet(errors, path, items);
    if (!['atomic', 'set', 'map'].includes(listType)) errors.notSupported(`${path}.${LIST}`, listType, ['atomic', 'set', 'map']);
  }
  if (keys.length > 0 && listType !== 'map') {
    const why = `must be map if ${KEYS} is non-empty`;
    if (listType === undefined) errors.required(`${path}.${LIST}`, why);
    else errors.invalid(`${path}.${LIST}`, listType, why);
  }
  if (listType === 'map') checkMapList(errors, path, items, keys);
  if (items === undefined || (listType !== 'set' && listType !== 'map')) return;
  if (items.nullable === true) errors.forbidden(`${path}.items.nullable`, `cannot be nullable when ${LIST} is ${listType}`);
  if (listType === 'map') checkKeyFields(errors, `${path}.items`, items, keys);
}

function checkTypeIs(errors: FieldErrors, path: string, type: string, wanted: string, word: string): void {
  if (type === '') errors.required(`${path}.type`, `must be ${wanted} if ${word} is specified`);
  else if (type !== wanted) errors.invalid(`${path}.type`, type, `must be ${wanted} if ${word} is specified`);
}

function checkItemsOfSet(errors: FieldErrors, path: string, items: JsonSchema): void {
  const { [LIST]: listType, [MAP]: mapType } = items;
  const why = `must be atomic as item of a list with ${LIST}=set`;
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic') errors.invalid(`${path}.items.${LIST}`, listType, why);
  // Kubernetes names the list type here too.
  if (items.type === 'object' && mapType !== 'atomic') errors.invalid(`${path}.items.${MAP}`, listType ?? null, why);
}

function checkMapList(errors: FieldErrors, path: string, items: JsonSchema | undefined, keys: readonly string[]): void {
  if (keys.length === 0) errors.required(`${path}.${KEYS}`, `must not be empty if ${LIST} is map`);
  if (items === undefined) return errors.required(`${path}.items`, `must have a schema if ${LIST} is map`);
  if (items.type !== 'object') return errors.invalid(`${path}.items.type`, items.type ?? '', `must be object if parent array's ${LIST} is map`);
  for (const [index, key] of keys.entries()) {
    const type = items.properties?.[key]?.type;
    if (items.properties?.[key] === undefined) errors.invalid(`${path}.${KEYS}`, keys, 'entries must all be names of item properties');
    else if (type === 'array' || type === 'object')
      errors.invalid(`${path}.items.properties[${key}].type`, items.type, `must be a scalar type if parent array's ${LIST} is map`);
    if (keys.indexOf(key) !== index) errors.invalid(`${path}.${KEYS}`, keys, 'must not contain duplicate entries');
  }
}

function checkKeyFields(errors: FieldErrors, path: string, items: JsonSchema, keys: readonly string[]): void {
  const why = `this property is in ${KEYS}, so it`;
  for (const key of keys) {
    const property = items.properties?.[key];
    if (property === undefined) continue;
    if (items.required?.includes(key) !== true && property.default === undefined)
      errors.required(`${path}.properties[${key}].default`, `${why} must have a default or be a required property`);
    if (property.nullable === true) errors.forbidden(`${path}.properties[${key}].nullable`, `${why} cannot be nullable`);
  }
}
