/** What a text of JSON is made of, strings aside. */
export interface JsonShape {
  /** Fields of all objects, repeated ones included. */
  readonly fields: number;
  /** How deep objects and lists stand in each other. */
  readonly depth: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Counts in one pass over the bytes, without building anything: what it costs is a small part of the parser's time. */
export function jsonShape(bytes: Uint8Array): JsonShape {
  let fields = 0;
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < bytes.length; index++) {
    switch (bytes[index]) {
      case QUOTE:
        index = endOfString(bytes, index);
        break;
      case COLON:
        fields += 1;
        break;
      case OPEN_OBJECT:
      case OPEN_LIST:
        depth += 1;
        if (depth > deepest) deepest = depth;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        depth -= 1;
        break;
      default:
    }
  }
  return { fields, depth: deepest };
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let end = bytes.indexOf(QUOTE, start + 1); end >= 0; end = bytes.indexOf(QUOTE, end + 1)) {
    let escapes = 0;
    while (bytes[end - 1 - escapes] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return bytes.length;
}

/** The fields of all objects in a parsed value. */
export function countFields(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += countFields(item);
  else {
    for (const field in value) {
      // Parsed JSON has no fields but its own.
      count += 1 + countFields((value as Record<string, unknown>)[field]);
    }
  }
  return count;
}

const REPEATED_MAX = 100;

/** The paths of fields that stand twice in an object, such as `spec.containers[0].name`; the text must be JSON that was parsed before. */
export function repeatedFields(text: string): readonly string[] {
  const found: string[] = [];
  const open: { readonly path: string; readonly seen: Set<string> | undefined; index: number; field: string }[] = [];
  const here = (): string => {
    const inner = open.at(-1);
    if (!inner) return '';
    if (!inner.seen) return `${inner.path}[${inner.index}]`;
    return inner.path === '' ? inner.field : `${inner.path}.${inner.field}`;
  };
  for (const [token, name] of text.matchAll(/("(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"|[[\]{},]/g)) {
    const inner = open.at(-1);
    if (name !== undefined && inner?.seen) {
      // A string of a text that was parsed before.
      inner.field = JSON.parse(name) as string;
      if (inner.seen.has(inner.field) && found.length < REPEATED_MAX) found.push(here());
      inner.seen.add(inner.field);
    } else if (token === '{' || token === '[') open.push({ path: here(), seen: token === '{' ? new Set() : undefined, index: 0, field: '' });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',' && inner) inner.index += 1;
  }
  return found;
}
