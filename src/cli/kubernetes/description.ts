import { table } from '../terminal.ts';

type Fields = Readonly<Record<string, unknown>>;
/** Fields that map names of users to values: shown as NAME=VALUE. */
const MAPS = new Set(['labels', 'annotations', 'matchLabels', 'nodeSelector', 'selector', 'data', 'limits', 'requests', 'capacity', 'allocatable']);
const INDENT = '  ';

/** Any object as an indented text for people: fields by their names in words, conditions as a table. Values of Secrets are not shown. */
export function describeObject(object: Fields): readonly string[] {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { name, namespace, labels, annotations, creationTimestamp, deletionTimestamp, ownerReferences, finalizers } = asFields(metadata);
  const owners = Array.isArray(ownerReferences) ? ownerReferences.map((owner) => `${asFields(owner).kind}/${asFields(owner).name}`) : [];
  const head: Fields = {
    name,
    namespace,
    labels: labels ?? '<none>',
    annotations: annotations ?? '<none>',
    'API version': apiVersion,
    kind,
    created: creationTimestamp,
    ...(deletionTimestamp === undefined ? {} : { 'deleted at': deletionTimestamp }),
    ...(owners.length === 0 ? {} : { 'controlled by': owners.join(', ') }),
    ...(finalizers === undefined ? {} : { finalizers }),
  };
  return [...describeFields(head, ''), ...describeFields(kind === 'Secret' ? withoutSecrets(rest) : rest, '')];
}

function describeFields(fields: Fields, indent: string): readonly string[] {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && !isEmpty(value));
  const scalars = entries.filter(([name, value]) => isInline(name, value));
  const width = Math.max(0, ...scalars.map(([name]) => inWords(name).length)) + 1;
  return entries.flatMap(([name, value]) => {
    const heading = `${inWords(name)}:`;
    if (isInline(name, value)) return inline(`${indent}${heading.padEnd(width + INDENT.length)}`, linesOf(value));
    if (name === 'conditions' && Array.isArray(value)) return [indent + heading, ...describeConditions(value.map(asFields), indent + INDENT)];
    if (Array.isArray(value)) return [indent + heading, ...value.flatMap((item) => describeItem(item, indent + INDENT))];
    return [indent + heading, ...describeFields(asFields(value), indent + INDENT)];
  });
}

/** An item of a list; its first line carries the dash. */
function describeItem(item: unknown, indent: string): readonly string[] {
  if (!isObject(item)) return [`${indent}- ${String(item)}`];
  const lines = describeFields(item, indent + INDENT);
  return lines.map((line, index) => (index === 0 ? `${indent}- ${line.slice(indent.length + INDENT.length)}` : line));
}

function describeConditions(conditions: readonly Fields[], indent: string): readonly string[] {
  const rows = conditions.map(({ type, status, reason, message }) => [type, status, reason, message].map((value) => String(value ?? '').replaceAll('\n', ' ')));
  return table(['TYPE', 'STATUS', 'REASON', 'MESSAGE'], rows)
    .split('\n')
    .map((line) => indent + line);
}

function isInline(name: string, value: unknown): boolean {
  if (MAPS.has(name) && isObject(value)) return Object.values(value).every((item) => !isObject(item) && !Array.isArray(item));
  return Array.isArray(value) ? value.every((item) => !isObject(item) && !Array.isArray(item)) : !isObject(value);
}

function linesOf(value: unknown): readonly string[] {
  if (isObject(value)) return Object.entries(value).flatMap(([name, item]) => `${name}=${String(item)}`.trimEnd().split('\n'));
  return (Array.isArray(value) ? value.map(String) : [String(value)]).flatMap((text) => text.trimEnd().split('\n'));
}

function inline(heading: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => (index === 0 ? heading : ' '.repeat(heading.length)) + line);
}

/** `podIP` as `Pod IP`, `restartCount` as `Restart count`. */
function inWords(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').split(' ');
  const lowered = words.map((word) => (/^[A-Z][a-z]/.test(word) ? word.toLowerCase() : word)).join(' ');
  return lowered.charAt(0).toUpperCase() + lowered.slice(1);
}

function withoutSecrets(fields: Fields): Fields {
  const data = Object.entries(asFields(fields.data)).map(([name, value]) => [name, `${Buffer.from(String(value), 'base64').length} bytes`]);
  return { ...fields, data: Object.fromEntries(data) };
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function asFields(value: unknown): Fields {
  return isObject(value) ? value : {};
}
