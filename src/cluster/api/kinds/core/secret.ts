import type { V1Secret } from '../../generated/types.ts';
import { isRecord } from '../../schema/is-record.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { configKey } from '../../validation/pod-spec/formats.ts';
import { checkText } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { checkFrozen, DATA_BYTES_MAX } from './data-rules.ts';
import { createPrivateKey, X509Certificate } from 'node:crypto';

const ACCOUNT = 'kubernetes.io/service-account.name';
/** The key of the registry access of each of the two types. */
const REGISTRY_KEYS: Readonly<Record<string, string>> = {
  'kubernetes.io/dockercfg': '.dockercfg',
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
};

/** `stringData` is a way to write `data`, and is never read back. */
function setDefaults(secret: V1Secret): void {
  secret.type ||= 'Opaque';
  if (secret.stringData === undefined) return;
  const encoded = Object.entries(secret.stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  secret.data = { ...secret.data, ...Object.fromEntries(encoded) };
  delete secret.stringData;
}

function validate(errors: FieldErrors, secret: V1Secret, old?: V1Secret): void {
  const { data = {} } = secret;
  if (old !== undefined && secret.type !== old.type) errors.invalid('type', secret.type, 'field is immutable');
  checkFrozen(errors, secret, old, ['data']);
  let bytes = 0;
  for (const [key, text] of Object.entries(data)) {
    checkText(errors, `data[${key}]`, key, configKey);
    bytes += Buffer.byteLength(text, 'base64');
  }
  if (bytes > DATA_BYTES_MAX) errors.tooLong('data', DATA_BYTES_MAX);
  checkType(errors, secret, data);
}

/** What each type is to hold. */
function checkType(errors: FieldErrors, { type = '', metadata }: V1Secret, data: Readonly<Record<string, string>>): void {
  const need = (...keys: readonly string[]) => {
    for (const key of keys) if (data[key] === undefined) errors.required(`data[${key}]`);
  };
  const registryKey = REGISTRY_KEYS[type];
  if (registryKey !== undefined) {
    need(registryKey);
    const problem = data[registryKey] === undefined ? undefined : jsonProblem(Buffer.from(data[registryKey], 'base64').toString());
    if (problem !== undefined) errors.invalid(`data[${registryKey}]`, '<secret contents redacted>', problem);
  }
  if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.[ACCOUNT]) errors.required(`metadata.annotations[${ACCOUNT}]`);
  if (type === 'kubernetes.io/basic-auth' && data.username === undefined && data.password === undefined) need('username', 'password');
  if (type === 'kubernetes.io/ssh-auth' && !data['ssh-privatekey']) errors.required('data[ssh-privatekey]');
  if (type === 'kubernetes.io/tls') need('tls.crt', 'tls.key');
}

function jsonProblem(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || isRecord(value)) return undefined;
    const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
  } catch {
    // The runtime's own words quote what it read, which is secret.
    const first = text.trimStart()[0];
    return first === undefined || first === '{' ? 'unexpected end of JSON input' : `invalid character '${first}' looking for beginning of value`;
  }
}

/** What is wrong with the pair of a certificate and its key, in the words that Go has for it. */
function pairProblem({ 'tls.crt': certificate = '', 'tls.key': key = '' }: Readonly<Record<string, string>>): string | undefined {
  const [certificateText, keyText] = [certificate, key].map((text) => Buffer.from(text, 'base64').toString());
  if (!certificateText?.includes('-----BEGIN ')) return 'tls: failed to find any PEM data in certificate input';
  if (!keyText?.includes('-----BEGIN ')) return 'tls: failed to find any PEM data in key input';
  const parsed = orUndefined(() => new X509Certificate(certificateText));
  if (parsed === undefined) return 'x509: malformed certificate';
  const parsedKey = orUndefined(() => createPrivateKey(keyText));
  if (parsedKey === undefined) return 'tls: failed to parse private key';
  return parsed.checkPrivateKey(parsedKey) ? undefined : 'tls: private key does not match public key';
}

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

export const SECRET = strategy<V1Secret>({
  setDefaults,
  validate,
  warnings: ({ type, data = {} }) => {
    const problem = type === 'kubernetes.io/tls' ? pairProblem(data) : undefined;
    return problem === undefined ? [] : [problem];
  },
  columns: [nameColumn, column<V1Secret>('Type', ({ type }) => type ?? ''), column<V1Secret>('Data', ({ data }) => Object.keys(data ?? {}).length), ageColumn],
});
