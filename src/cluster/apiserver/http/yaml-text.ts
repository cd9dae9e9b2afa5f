import { isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Body } from './body-value.ts';
import { depthOf, refuseDepth } from './depth.ts';

/** How many times over what aliases stand for may be written out. */
const ALIASES_MAX = 100;

/** Reads YAML 1.2. Errors: what is wrong with the text; a RangeError where it nests too deep; a ReferenceError where aliases would grow it beyond all bounds. */
export function readYaml(text: string): Body {
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: false, lineCounter: lines, prettyErrors: true });
  const [wrong] = document.errors;
  if (wrong) throw wrong;
  const repeated: string[] = [];
  visit(document, {
    Map: (_key, map) => {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) repeated.push(`line ${lines.linePos(key.range?.[0] ?? 0).line}: key ${JSON.stringify(key.value)} already set in map`);
        seen.add(key.value);
      }
    },
  });
  const value = aliasesBounded<unknown>(() => document.toJS({ maxAliasCount: ALIASES_MAX }));
  refuseDepth(depthOf(value));
  return { value, repeated: isMap(document.contents) ? repeated : [] };
}

function aliasesBounded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ReferenceError && error.message.includes('alias')) throw new ReferenceError('document contains excessive aliasing', { cause: error });
    throw error;
  }
}
