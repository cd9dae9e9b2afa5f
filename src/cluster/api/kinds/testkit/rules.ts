import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import {
  applyDefaults,
  decode,
  findKind,
  type KubeObject,
  prepareForCreate,
  prepareForUpdate,
  type ServedResource,
  StatusError,
  validateCreate,
  validateStatusUpdate,
  validateUpdate,
} from '../../index.ts';

const GOLDEN_DIR = new URL('../../schema/golden/', import.meta.url);
type Tree = Record<string, unknown>;

/** Our own objects that have most fields filled, by apiVersion and kind. */
export const GOLDEN: ReadonlyMap<string, KubeObject> = new Map(
  readdirSync(GOLDEN_DIR)
    .flatMap((file) => parseAllDocuments(readFileSync(new URL(file, GOLDEN_DIR), 'utf8')))
    // The test of the schemas reads them strictly.
    .map((document) => document.toJS() as KubeObject)
    .map((object) => [`${object.apiVersion} ${object.kind}`, object]),
);

export function golden(key: string): KubeObject {
  const found = GOLDEN.get(key);
  assert.ok(found, `a golden object of ${key}`);
  return structuredClone(found);
}

export function resourceOf({ apiVersion, kind }: KubeObject): ServedResource {
  const found = findKind(apiVersion, kind);
  assert.ok(found, `${apiVersion} ${kind} is served`);
  return found;
}

/** Sets what stands at a path such as `spec.ports.0.name`; undefined takes it away. */
export function set(object: KubeObject, path: string, value: unknown): KubeObject {
  const copy = structuredClone(object);
  const parts = path.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'));
  let at = copy as unknown as Tree; // an object is a tree of fields
  for (const part of parts.slice(0, -1)) {
    at[part] ??= {};
    at = at[part] as Tree; // the paths of the tests lead through objects and lists
  }
  if (value === undefined) delete at[parts.at(-1) ?? ''];
  else at[parts.at(-1) ?? ''] = value;
  return copy;
}

const completed = (object: KubeObject) => {
  const resource = resourceOf(object);
  return applyDefaults(resource, decode(resource, object, { fieldValidation: 'Ignore' }).object);
};

function causesOf(check: () => void): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return (error.body.details?.causes ?? [{ reason: '', message: error.message }]).map(({ field, message }) => `${field}: ${message}`);
  }
}

/** What a create of the object is refused with: `field: message` each. */
export function createErrors(object: KubeObject): readonly string[] {
  const resource = resourceOf(object);
  const prepared = prepareForCreate(resource, completed(object));
  return causesOf(() => validateCreate(resource, prepared));
}

/** What an update from one to the other is refused with. */
export function updateErrors(from: KubeObject, to: KubeObject): readonly string[] {
  const resource = resourceOf(from);
  const before = completed(from);
  const after = prepareForUpdate(resource, completed(to), before);
  return causesOf(() => validateUpdate(resource, after, before));
}

/** What an update of the status is refused with. */
export function statusErrors(from: KubeObject, to: KubeObject): readonly string[] {
  const resource = resourceOf(from);
  const before = completed(from);
  const after = prepareForUpdate(resource, completed(to), before, 'status');
  return causesOf(() => validateStatusUpdate(resource, after, before));
}

/** One row: where what is set, and the refusal (`field: message`, or its beginning before `…`); none where it is taken. */
export type Row = readonly [path: string, value: unknown, refusal?: string];

export function checkRows(base: KubeObject, rows: readonly Row[], errorsOf: (object: KubeObject) => readonly string[] = createErrors): void {
  for (const [path, value, refusal] of rows) {
    const errors = errorsOf(set(base, path, value));
    const row = `${path} = ${JSON.stringify(value)}`;
    if (refusal === undefined) assert.deepEqual(errors, [], row);
    else if (refusal.endsWith('…'))
      assert.ok(
        errors.some((error) => error.startsWith(refusal.slice(0, -1))),
        `${row}: want ${refusal}, got ${errors.join('; ')}`,
      );
    else assert.ok(errors.includes(refusal), `${row}: want ${refusal}, got ${errors.join('; ')}`);
  }
}
