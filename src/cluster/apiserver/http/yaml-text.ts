import { isMap, isScalar, LineCounter, parseDocument, type ScalarTag, visit } from 'yaml';
import type { Body } from './body-value.ts';
import { depthOf, refuseDepth } from './depth.ts';

/** How many times over what aliases stand for may be written out. */
const ALIASES_MAX = 100;

/** Truth values of YAML 1.1, which Kubernetes' own reader takes for such still. */
const OLD_TRUTHS: ScalarTag[] = [[true, /^(?:[yY]|[yY]es|YES|[oO]n|ON)$/] as const, [false, /^(?:[nN]|[nN]o|NO|[oO]ff|OFF)$/] as const].map(
  ([value, test]) => ({ tag: 'tag:yaml.org,2002:bool', default: true, test, resolve: () => value }),
);

/**
 * Reads YAML 1.2, with what Kubernetes keeps of 1.1: truth values and merge keys. Of several documents the first counts.
 * Errors: what is wrong with the text; a RangeError where it nests too deep; a ReferenceError where aliases would grow it beyond all bounds.
 */
export function readYaml(text: string): Body {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: true,
    merge: true,
    customTags: (tags) => [...OLD_TRUTHS, ...tags],
  });
  const [wrong] = document.errors.filter(({ code }) => code !== 'MULTIPLE_DOCS');
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
