import { isRecord } from '../schema/is-record.ts';

/** One step of a path: a field by name, an item by place, all of them, or those whose field is so. */
type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'item'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly path: readonly Step[]; readonly operator: string; readonly value: unknown };

const STEP =
  /^(?:\.([^.[\]\s*]+)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]|(\[\*\]|\.\*)|\[\?\(\s*@((?:\.[\w-]+)+)\s*(==|!=)\s*("[^"]*"|'[^']*'|-?\d+(?:\.\d+)?|true|false)\s*\)\])/;
/** A name in a path may hold a dot that is no step, written `\.`. */
const ESCAPED_DOT = '\u0000';

export type JsonPath = readonly Step[];

/** Reads a path such as `.status.conditions[?(@.type=="Ready")].status`. Undefined for what can't be read. */
export function parseJsonPath(text: string): JsonPath | undefined {
  let rest = text
    .replace(/^\{(.*)\}$/, '$1')
    .replace(/^\$/, '')
    .replaceAll('\\.', ESCAPED_DOT);
  const steps: Step[] = [];
  while (rest !== '') {
    const match = STEP.exec(rest);
    if (match === null) return undefined;
    steps.push(stepOf(match));
    rest = rest.slice(match[0].length);
  }
  return steps;
}

function stepOf([, name, single, double, index, all, filter, operator, value]: RegExpExecArray): Step {
  if (index !== undefined) return { kind: 'item', index: Number(index) };
  if (all !== undefined) return { kind: 'all' };
  if (filter !== undefined && operator !== undefined && value !== undefined)
    return { kind: 'filter', path: parseJsonPath(filter) ?? [], operator, value: /^['"]/.test(value) ? value.slice(1, -1) : JSON.parse(value) };
  return { kind: 'field', name: (name ?? single ?? double ?? '').replaceAll(ESCAPED_DOT, '.') };
}

/** All that the path leads to, in order. */
export function readJsonPath(path: JsonPath, value: unknown): readonly unknown[] {
  let found: readonly unknown[] = [value];
  for (const step of path) found = found.flatMap((one) => follow(step, one));
  return found;
}

function follow(step: Step, value: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'field':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'item': {
      const item: unknown = Array.isArray(value) ? value.at(step.index) : undefined;
      return item === undefined ? [] : [item];
    }
    case 'all':
      return Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];
    case 'filter':
      return (Array.isArray(value) ? value : []).filter((item: unknown) => {
        const [content] = readJsonPath(step.path, item);
        return (content === step.value) === (step.operator === '==');
      });
  }
}
