import type { FieldErrors } from './field-errors.ts';

/** A form that names take, told as Kubernetes tells it: the rule, examples, and the pattern. */
interface Form {
  readonly words: string;
  readonly pattern: RegExp;
  readonly examples: readonly string[];
  readonly bytesMax: number;
}

const LABEL: Form = {
  words: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  examples: ['my-name', '123-abc'],
  bytesMax: 63,
};
const HOST_LABEL: Form = {
  words:
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  examples: ['my-name', 'abc-123'],
  bytesMax: 63,
};
const SUBDOMAIN: Form = {
  words: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  examples: ['example.com'],
  bytesMax: 253,
};
const LABEL_VALUE: Form = {
  words: "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  pattern: /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
  examples: ['MyValue', 'my_value', '12345'],
  bytesMax: 63,
};
const NAME_PART: Form = {
  words: "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  pattern: /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/,
  examples: ['MyName', 'my.name', '123-abc'],
  bytesMax: 63,
};

/** What is wrong with a text that should be of that form: nothing, or a sentence for each fault. */
function faultsOf(form: Form, value: string): string[] {
  const faults = Buffer.byteLength(value) > form.bytesMax ? [`must be no more than ${form.bytesMax} bytes`] : [];
  return form.pattern.test(value) ? faults : [...faults, formWords(form)];
}

function formWords({ words, examples, pattern }: Form): string {
  return `${words} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern.source.slice(1, -1)}')`;
}

function check(form: Form, errors: FieldErrors, field: string, value: string): void {
  for (const fault of faultsOf(form, value)) errors.invalid(field, value, fault);
}

/** RFC 1123 label: what Namespaces, containers and volumes are called. */
export function checkLabelName(errors: FieldErrors, field: string, value: string): void {
  check(LABEL, errors, field, value);
}

/** RFC 1035 label: what Services are called, since their names are host names. */
export function checkHostLabel(errors: FieldErrors, field: string, value: string): void {
  check(HOST_LABEL, errors, field, value);
}

/** RFC 1123 subdomain: what most objects are called. */
export function checkSubdomain(errors: FieldErrors, field: string, value: string): void {
  check(SUBDOMAIN, errors, field, value);
}

/** Keys and values of labels. */
export function checkLabels(errors: FieldErrors, field: string, labels: Readonly<Record<string, string>> | undefined): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    checkQualifiedName(errors, field, key);
    check(LABEL_VALUE, errors, field, value);
  }
}

/** A label's or annotation's key: an optional DNS prefix and a name. */
export function checkQualifiedName(errors: FieldErrors, field: string, key: string): void {
  for (const fault of keyFaults(key)) errors.invalid(field, key, fault);
}

function keyFaults(key: string): string[] {
  const parts = key.split('/');
  if (parts.length > 2) return [`a valid label key ${formWords(NAME_PART)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const ofPrefix = prefix === undefined ? [] : prefix === '' ? ['must be non-empty'] : faultsOf(SUBDOMAIN, prefix);
  const ofName = name === '' ? ['must be non-empty', formWords(NAME_PART)] : faultsOf(NAME_PART, name);
  return [...ofPrefix.map((fault) => `prefix part ${fault}`), ...ofName.map((fault) => `name part ${fault}`)];
}
