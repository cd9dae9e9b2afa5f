import type { FieldErrors } from './field-errors.ts';

/** What is wrong with a text, in Kubernetes' words; nothing where it is of the format. */
export type TextFormat = (text: string) => readonly string[];

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const HOST_LABEL = '[a-z]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const NAME_PART = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${NAME_PART})?`;
const PERCENT = '[0-9]+%';
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';
const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const LABEL_BYTES_MAX = 63;
const SUBDOMAIN_BYTES_MAX = 253;
const PORT_NAME_BYTES_MAX = 15;

/** An error for each thing that is wrong with a text. */
export function checkText(errors: FieldErrors, field: string, text: string, format: TextFormat): void {
  for (const why of format(text)) errors.invalid(field, text, why);
}

const tooLong = (text: string, most: number, unit = 'characters'): readonly string[] =>
  Buffer.byteLength(text) > most ? [`must be no more than ${most} ${unit}`] : [];

function unlessMatching(text: string, pattern: string, words: string, ...examples: readonly string[]): readonly string[] {
  if (new RegExp(`^(?:${pattern})$`).test(text)) return [];
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return [examples.length === 0 ? `${words} (regex used for validation is '${pattern}')` : `${words} (e.g. ${shown}regex used for validation is '${pattern}')`];
}

/** RFC 1123 label. */
export const dnsLabel: TextFormat = (text) => {
  const words = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  const wrong = unlessMatching(text, LABEL, words, 'my-name', '123-abc');
  const hasDots = wrong.length > 0 && unlessMatching(text, SUBDOMAIN, '').length === 0;
  return [...tooLong(text, LABEL_BYTES_MAX), ...(hasDots ? ['must not contain dots'] : wrong)];
};

/** RFC 1035 label. */
export const hostLabel: TextFormat = (text) => [
  ...tooLong(text, LABEL_BYTES_MAX),
  ...unlessMatching(
    text,
    HOST_LABEL,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    'my-name',
    'abc-123',
  ),
];

/** RFC 1123 subdomain. */
export const dnsSubdomain: TextFormat = (text) => [
  ...tooLong(text, SUBDOMAIN_BYTES_MAX),
  ...unlessMatching(
    text,
    SUBDOMAIN,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    'example.com',
  ),
];

/** A subdomain of any first label: `*.example.com`. */
export const wildcardSubdomain: TextFormat = (text) => [
  ...tooLong(text, SUBDOMAIN_BYTES_MAX),
  ...unlessMatching(
    text,
    `\\*\\.${SUBDOMAIN}`,
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    '*.example.com',
  ),
];

const NAME_PART_WORDS = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** A key of labels: an optional DNS prefix with a slash, and a name. */
export const qualifiedName: TextFormat = (text) => {
  const [first = '', second, ...more] = text.split('/');
  if (more.length > 0) {
    const shape = unlessMatching('', NAME_PART, `a valid label key ${NAME_PART_WORDS}`, 'MyName', 'my.name', '123-abc');
    return shape.map((why) => `${why} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`);
  }
  const name = second ?? first;
  const prefix =
    second === undefined
      ? []
      : first === ''
        ? ['prefix part must be non-empty']
        : dnsSubdomain(first).map((why) => `prefix part ${why.replace(/characters$/, 'bytes')}`);
  if (name === '') return [...prefix, 'name part must be non-empty', ...nameShape(name)];
  return [...prefix, ...tooLong(name, LABEL_BYTES_MAX, 'bytes').map((why) => `name part ${why}`), ...nameShape(name)];
};
const nameShape: TextFormat = (name) => unlessMatching(name, NAME_PART, `name part ${NAME_PART_WORDS}`, 'MyName', 'my.name', '123-abc');

/** A label's value. */
export const labelValue: TextFormat = (text) => [
  ...tooLong(text, LABEL_BYTES_MAX, 'bytes'),
  ...unlessMatching(text, LABEL_VALUE, `a valid label must be an empty string or ${CONSIST}`, 'MyValue', 'my_value', '12345'),
];
const CONSIST = "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** What can stand in a path of the API. */
export const pathSegment: TextFormat = (text) => {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((part) => text.includes(part)).map((part) => `may not contain '${part}'`);
};

/** RFC 6335: what services are called. */
export const portName: TextFormat = (text) => [
  ...tooLong(text, PORT_NAME_BYTES_MAX),
  ...(/^[-a-z0-9]+$/.test(text) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
  ...(/[a-z]/.test(text) ? [] : ['must contain at least one letter (a-z)']),
  ...(text.includes('--') ? ['must not contain consecutive hyphens'] : []),
  ...(/^-|-$/.test(text) ? ['must not begin or end with a hyphen'] : []),
];

export const percent: TextFormat = (text) =>
  unlessMatching(text, PERCENT, "a valid percent string must be a numeric string followed by an ending '%'", '1%', '93%');

export const cIdentifier: TextFormat = (text) =>
  unlessMatching(
    text,
    C_IDENTIFIER,
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
    'my_name',
    'MY_NAME',
    'MyName',
  );

/** `example.com/something`. */
export function checkDomainPath(errors: FieldErrors, field: string, text: string): void {
  if (text === '') return errors.required(field);
  const slash = text.indexOf('/');
  if (slash <= 0 || slash === text.length - 1) return errors.invalid(field, text, 'must be a domain-prefixed path (such as "acme.io/foo")');
  checkText(errors, field, text.slice(0, slash), dnsSubdomain);
  checkText(errors, field, text.slice(slash + 1), (path) => unlessMatching(path, HTTP_PATH, 'Invalid path'));
}

/** A name of the DNS with at least `parts` labels. */
export function checkDomain(errors: FieldErrors, field: string, text: string, parts: 2 | 3): void {
  if (text === '') return errors.required(field);
  // The root's dot may stand at the end of what is looked up, not of a name in the API.
  const name = parts === 2 && text.endsWith('.') ? text.slice(0, -1) : text;
  const wrong = dnsSubdomain(name);
  if (wrong.length > 0) return errors.invalid(field, name, wrong.join(','));
  const labels = name.split('.');
  if (labels.length < parts) return errors.invalid(field, name, `should be a domain with at least ${parts === 2 ? 'two' : 'three'} segments separated by dots`);
  const bad = parts === 2 ? labels.find((label) => dnsLabel(label).length > 0) : undefined;
  if (bad !== undefined) errors.invalid(field, bad, dnsLabel(bad).join(','));
}
