import { isRecord } from '../schema/is-record.ts';
import { type JsonSchema, propertyOf } from './json-schema.ts';

/** The value with the schema's defaults for what it lacks. The value is left as it is; what has nothing to be added is handed back itself. */
export function withDefaults(schema: JsonSchema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    const next = value.map((item: unknown) => withDefaults(items, item));
    return next.some((item, index) => item !== value[index]) ? next : value;
  }
  if (!isRecord(value)) return value;
  let next: Record<string, unknown> | undefined;
  const change = (name: string, content: unknown) => {
    next ??= { ...value };
    next[name] = content;
  };
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    if (property.default !== undefined && value[name] === undefined) change(name, structuredClone(property.default));
  for (const [name, content] of Object.entries(next ?? value)) {
    const own = propertyOf(schema, name);
    const completed = own === undefined ? content : withDefaults(own, content);
    if (completed !== content) change(name, completed);
  }
  return next ?? value;
}
