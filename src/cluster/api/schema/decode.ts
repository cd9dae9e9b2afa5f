import { prune } from '../custom/decode.ts';
import type { CustomKind } from '../custom/kind.ts';
import { badRequest, invalid } from '../errors.ts';
import { apiVersionOf, type ServedResource } from '../resources.ts';
import type { KubeObject } from '../types.ts';
import { isRecord } from './is-record.ts';
import { readScalar } from './scalars.ts';
import { schemas, type TypeSchema } from './schemas.ts';
import { wrongTypeWords } from './wrong-type.ts';

/** What to do about fields that the kind doesn't have (the request's fieldValidation). */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface Decoded {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
}

export interface DecodeOptions {
  readonly fieldValidation: FieldValidation;
  /** What the body's text says twice. */
  readonly repeated?: readonly string[];
  /** Keeps zero values as they were written, and adds none: of what is applied, each field that is said counts. */
  readonly asWritten?: boolean;
  /** Parts that are those of this, which was decoded before, are taken as they are: frozen where those are. */
  readonly known?: KubeObject;
}

/**
 * A request's body as an object of the resource: checked against the kind's schema, unknown fields and nulls dropped. Errors:
 * 400 `BadRequest` naming the field, for a wrong type always and for an unknown or repeated field when Strict.
 */
export function decode(resource: ServedResource, body: unknown, options: DecodeOptions): Decoded {
  const expected = apiVersionOf(resource);
  if (!isRecord(body)) throw badRequest(`the body must be a ${resource.kind} object, not ${nameOf(body)}`);
  const { apiVersion, kind } = body;
  if (resource.custom !== undefined && options.asWritten !== true) requireType(resource, body);
  if (apiVersion !== undefined && apiVersion !== expected)
    throw badRequest(`the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`);
  if (kind !== undefined && kind !== resource.kind)
    throw badRequest(`the kind in the data (${String(kind)}) does not match the expected kind (${resource.kind})`);
  const walk = new Walk(resource.kind, resource.version, options.asWritten ?? false);
  const decoded = resource.custom === undefined ? walk.model(resource.model, body, '', options.known) : walk.custom(resource.custom, body);
  // What is unknown is told as that alone.
  const repeated = (options.repeated ?? []).filter((one) => !walk.unknown.some((path) => one === `duplicate field "${path}"`));
  const warnings = [...repeated, ...walk.unknown.map((path) => `unknown field "${path}"`)];
  if (warnings.length > 0 && options.fieldValidation === 'Strict') {
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${warnings.join(', ')}`,
    );
  }
  const metadata = isRecord(decoded.metadata) ? decoded.metadata : {};
  return { object: { ...decoded, apiVersion: expected, kind: resource.kind, metadata }, warnings: options.fieldValidation === 'Warn' ? warnings : [] };
}

/** Whose kind a definition describes has to say what it is. Errors: 400, 422. */
function requireType({ kind: expected, group, version }: ServedResource, body: Record<string, unknown>): void {
  const { apiVersion, kind, metadata } = body;
  if (typeof kind !== 'string' || kind === '') {
    const text = JSON.stringify(body);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected}): Object 'Kind' is missing in '${text}' (${text.slice(0, SHOWN_CHARS)} ...)`,
    );
  }
  if (apiVersion === undefined) throw badRequest(`the API version in the data () does not match the expected API version (${group}/${version})`);
  const name = isRecord(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
  const message = `Invalid value: ${JSON.stringify(kind)}: must be ${expected}`;
  if (kind !== expected && apiVersion === `${group}/${version}`) throw invalid(kind, group, name, [{ reason: 'FieldValueInvalid', message, field: 'kind' }]);
}

/** How much of a body an error shows. */
const SHOWN_CHARS = 30;

/** Lists that may be left out, and yet are kept where they are written empty: `model.field`. */
const KEPT_EMPTY = ['V1Role.rules', 'V1ClusterRole.rules'];

class Walk {
  readonly unknown: string[] = [];
  readonly #kind: string;
  readonly #version: string;
  readonly #asWritten: boolean;

  constructor(kind: string, version: string, asWritten: boolean) {
    this.#asWritten = asWritten;
    this.#kind = kind;
    this.#version = version;
  }

  model(name: string, value: Record<string, unknown>, path: string, known?: unknown): Record<string, unknown> {
    const fields = schemas.model(name);
    const before = isRecord(known) ? known : {};
    const result: Record<string, unknown> = {};
    for (const [key, content] of Object.entries(value)) {
      if (typeof content === 'object' && content !== null && content === before[key]) {
        result[key] = content;
        continue;
      }
      const field = fields.get(key);
      const here = path === '' ? key : `${path}.${key}`;
      if (field === undefined) this.unknown.push(here);
      else if (content !== null) {
        const read =
          isRecord(content) && field.type.kind === 'model'
            ? this.model(field.type.name, content, here, before[key])
            : this.#value(field.type, content, here, name, here, 0);
        if (field.dropsZero && !this.#asWritten && (read === '' || read === 0 || read === false)) continue;
        if (!isEmptyCollection(field.type, read) || field.required || KEPT_EMPTY.includes(`${name}.${key}`)) result[key] = read;
      }
    }
    if (!this.#asWritten) for (const [key, zero] of schemas.filled(name)) result[key] ??= zero;
    return result;
  }

  /** An object of a kind that its cluster's users define: types are looked at with the rest of what its schema says, when it is validated. */
  custom({ schema }: CustomKind, body: Record<string, unknown>): Record<string, unknown> {
    const { metadata, ...content } = body;
    const pruned = prune(schema, content, '', (path) => this.unknown.push(path), true);
    if (metadata !== undefined && metadata !== null && !isRecord(metadata))
      this.#wrong('metadata', wrongTypeWords(this.#kind, 'metadata', { kind: 'model', name: 'V1ObjectMeta' }, metadata, 0));
    // A record was pruned, and so is what came of it.
    return { ...(pruned as Record<string, unknown>), metadata: isRecord(metadata) ? this.model('V1ObjectMeta', metadata, 'metadata') : {} };
  }

  /** `field`: the path of the field of `model` that it stands in, below `inside` lists and maps. */
  #value(type: TypeSchema, value: unknown, path: string, model: string, field: string, inside: number): unknown {
    switch (type.kind) {
      case 'any':
        return value;
      case 'string':
      case 'number':
      case 'boolean':
      case 'intOrString': {
        const read = readScalar(type, value);
        return read === undefined ? this.#wrong(path, wrongTypeWords(model, field, type, value, inside)) : read.value;
      }
      case 'list':
        if (!Array.isArray(value)) return this.#wrong(path, wrongTypeWords(model, field, type, value, inside));
        return value.map((item, index) => this.#item(type.of, item, `${path}[${index}]`, model, field, inside));
      case 'map':
        if (!isRecord(value)) return this.#wrong(path, wrongTypeWords(model, field, type, value, inside));
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#item(type.of, item, `${path}.${key}`, model, field, inside)]));
      case 'model':
        if (type.name === 'V1MicroTime' && typeof value === 'string') return value;
        return isRecord(value) ? this.model(type.name, value, path) : this.#wrong(path, wrongTypeWords(model, field, type, value, inside));
    }
  }

  #item(type: TypeSchema, item: unknown, path: string, model: string, field: string, inside: number): unknown {
    return item === null ? this.#zero(type, path) : this.#value(type, item, path, model, field, inside + 1);
  }

  /** What an item of a list or an entry of a map is when null is written for it; a list or a moment that there is not is null. */
  #zero(type: TypeSchema, path: string): unknown {
    switch (type.kind) {
      case 'string':
        return type.format === 'date-time' ? null : '';
      case 'number':
        return 0;
      case 'boolean':
        return false;
      case 'model':
        return this.model(type.name, {}, path);
      case 'map':
        return {};
      default:
        return null;
    }
  }

  /** Kubernetes' words do not tell all of the path: the cause does. */
  #wrong(field: string, words: string): never {
    const causes = [{ reason: 'FieldValueTypeInvalid', message: words, field }];
    throw badRequest(`${this.#kind} in version "${this.#version}" cannot be handled as a ${this.#kind}: ${words}`, { causes });
  }
}

/** A list or map with nothing in it is as none: Kubernetes keeps no such field. An object without fields is one. */
function isEmptyCollection({ kind }: TypeSchema, read: unknown): boolean {
  if (kind === 'list') return Array.isArray(read) && read.length === 0;
  return kind === 'map' && isRecord(read) && Object.keys(read).length === 0;
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `the ${typeof value} ${JSON.stringify(value)}`;
}
