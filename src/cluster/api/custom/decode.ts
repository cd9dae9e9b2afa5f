import { isRecord } from '../schema/is-record.ts';
import { type JsonSchema, keepsUnknown, propertyOf } from './json-schema.ts';

/** What every object has besides its own fields. */
const OF_EVERY_OBJECT = ['apiVersion', 'kind', 'metadata'];

/**
 * The value with nothing in it that the schema does not know; `unknown` hears the paths of what went (Kubernetes' "pruning").
 * An object that is embedded keeps what makes it one. Nulls go where the schema takes none, as Kubernetes does it.
 */
export function prune(
  schema: JsonSchema,
  value: unknown,
  path: string,
  unknown: (path: string) => void,
  isObject = schema['x-kubernetes-embedded-resource'] === true,
): unknown {
  if (Array.isArray(value))
    return schema.items === undefined ? value : value.map((item, index) => prune(schema.items ?? {}, item, `${path}[${index}]`, unknown));
  if (!isRecord(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [name, content] of Object.entries(value)) {
    const here = path === '' ? name : `${path}.${name}`;
    const own = propertyOf(schema, name);
    if (isObject && OF_EVERY_OBJECT.includes(name)) set(result, name, content);
    else if (own !== undefined) {
      if (content !== null || own.nullable === true) set(result, name, prune(own, content, here, unknown));
    } else if (schema.additionalProperties === true || keepsUnknown(schema)) set(result, name, content);
    else unknown(here);
  }
  return result;
}

/** Also for the name `__proto__`, which assignment would take for something else. */
function set(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
