import { isRecord } from '../schema/is-record.ts';
import type { FieldErrors } from '../validation/field-errors.ts';
import type { Definition } from './definition.ts';
import type { JsonSchema } from './json-schema.ts';

type Version = Definition['spec']['versions'][number];

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const SELECTABLE_TYPES = ['string', 'boolean', 'integer'];
const SELECTABLE_MAX = 8;
const WARNING_BYTES_MAX = 256;

/** What is said to those that use a version that is going. */
export function checkWarning(errors: FieldErrors, path: string, { deprecated, deprecationWarning: text }: Version): void {
  if (text === undefined) return;
  const here = `${path}.deprecationWarning`;
  if (deprecated !== true) return errors.invalid(here, text, 'can only be set for deprecated versions');
  if (Buffer.byteLength(text) > WARNING_BYTES_MAX) errors.invalid(here, text, `must be <= ${WARNING_BYTES_MAX} characters long`);
  if (text === '') errors.invalid(here, text, 'must not be an empty string');
  const bad = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(text);
  if (bad !== null)
    errors.invalid(
      here,
      text,
      `must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(text.slice(0, bad.index))}`,
    );
}

export function checkColumns(errors: FieldErrors, path: string, columns: Version['additionalPrinterColumns'] = []): void {
  const oneOf = (words: readonly string[]) => `must be one of ${words.join(',')}`;
  for (const [index, { name, type, format = '', jsonPath }] of columns.entries()) {
    const here = `${path}[${index}]`;
    if (name === '') errors.required(`${here}.name`);
    if (type === '') errors.required(`${here}.type`, oneOf(COLUMN_TYPES));
    else if (!COLUMN_TYPES.includes(type)) errors.invalid(`${here}.type`, type, oneOf(COLUMN_TYPES));
    if (format !== '' && !COLUMN_FORMATS.includes(format)) errors.invalid(`${here}.format`, format, oneOf(COLUMN_FORMATS));
    checkPath(errors, `${here}.JSONPath`, jsonPath);
  }
}

export function checkSubresources(errors: FieldErrors, path: string, subresources: Version['subresources']): void {
  const scale = subresources?.scale;
  if (scale === undefined) return;
  const check = (word: string, text: string, roots: readonly string[], under: string) => {
    const here = `${path}.scale.${word}`;
    if (checkPath(errors, here, text) && !roots.some((root) => text.startsWith(root))) errors.invalid(here, text, `should be a json path under ${under}`);
  };
  check('specReplicasPath', scale.specReplicasPath, ['.spec.'], '.spec');
  check('statusReplicasPath', scale.statusReplicasPath, ['.status.'], '.status');
  if (scale.labelSelectorPath !== undefined && scale.labelSelectorPath !== '')
    check('labelSelectorPath', scale.labelSelectorPath, ['.spec.', '.status.'], 'either .spec or .status');
}

function checkPath(errors: FieldErrors, path: string, text: string): boolean {
  if (text === '') errors.required(path);
  else if (!text.startsWith('.')) errors.invalid(path, text, 'must be a simple json path starting with .');
  return text.startsWith('.');
}

/** Fields that lists can be selected by. */
export function checkSelectable(errors: FieldErrors, path: string, fields: Version['selectableFields'] = [], schema: JsonSchema): void {
  const seen = new Set<string>();
  for (const [index, { jsonPath }] of fields.entries()) {
    const here = `${path}[${index}].jsonPath`;
    if (jsonPath === '') {
      errors.required(here);
      continue;
    }
    const found = fieldAt(schema, jsonPath);
    if (typeof found === 'string') {
      errors.invalid(here, jsonPath, `is an invalid path: ${found}`);
      continue;
    }
    if (/^\.metadata(?:\.|$)/.test(jsonPath)) errors.invalid(here, jsonPath, 'must not point to fields in metadata');
    if (!SELECTABLE_TYPES.includes(found.type ?? ''))
      errors.invalid(here, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.');
    if (seen.has(jsonPath)) errors.duplicate(here, jsonPath);
    seen.add(jsonPath);
  }
  if (seen.size > SELECTABLE_MAX) errors.tooMany(path, seen.size, SELECTABLE_MAX);
}

/** The schema of a field, or why there is none. */
function fieldAt(schema: JsonSchema, path: string): JsonSchema | string {
  const tokens = path.split(/([.[\]])/).filter((token) => token !== '');
  let at = schema;
  for (let index = 0; index < tokens.length; index += 2) {
    const [delimiter, name] = tokens.slice(index);
    if (delimiter === '[') return 'array notation is not allowed';
    if (delimiter !== '.') return `expected [ or . but got: ${delimiter}`;
    if (name === undefined) return 'unexpected end of JSON path';
    const next: unknown = at.properties === undefined ? at.additionalProperties : at.properties[name];
    if (!isRecord(next)) return 'does not refer to a valid field';
    at = next;
  }
  return at;
}
