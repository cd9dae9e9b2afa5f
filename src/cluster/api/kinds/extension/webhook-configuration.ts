import { isDeepStrictEqual } from 'node:util';
import type {
  AdmissionregistrationV1ServiceReference,
  AdmissionregistrationV1WebhookClientConfig,
  V1MutatingWebhook,
  V1MutatingWebhookConfiguration,
  V1ValidatingWebhook,
  V1ValidatingWebhookConfiguration,
} from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import { checkChoice } from '../../validation/choices.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkLabelSelector } from '../../validation/selector-rules.ts';
import { checkDomain, checkText, dnsSubdomain, type TextFormat } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { checkMatchConditions, checkRule, defaultRule, FAILURE_POLICIES, MATCH_POLICIES } from './match-rules.ts';

type Webhook = V1MutatingWebhook | V1ValidatingWebhook;
type Configuration = V1MutatingWebhookConfiguration | V1ValidatingWebhookConfiguration;
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const OLDER_SIDE_EFFECTS = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const REINVOCATIONS = ['IfNeeded', 'Never'];
const SECONDS_MAX = 30;
const NOT_CALLED = 'admission webhooks are stored, but this server does not call them yet';

function setDefaults({ webhooks = [] }: Configuration, mutating: boolean): void {
  for (const hook of webhooks) {
    hook.failurePolicy ??= 'Fail';
    hook.matchPolicy ??= 'Equivalent';
    hook.namespaceSelector ??= {};
    hook.objectSelector ??= {};
    hook.timeoutSeconds ??= 10;
    // Only one of the two kinds has the field.
    if (mutating) (hook as V1MutatingWebhook).reinvocationPolicy ??= 'Never';
    for (const rule of hook.rules ?? []) defaultRule(rule);
    if (hook.clientConfig?.service) hook.clientConfig.service.port ??= 443;
  }
}

/** What older rules let in (`old`) may go on being so. */
function validate(errors: FieldErrors, { webhooks = [] }: Configuration, old?: Configuration): void {
  const before: readonly Webhook[] = old?.webhooks ?? [];
  const names = webhooks.map(({ name }) => name);
  const strictEffects = before.every(({ sideEffects }) => SIDE_EFFECTS.includes(sideEffects));
  const strictVersions = before.every(
    ({ admissionReviewVersions: versions }) => versions.length === 0 || versions.some((one) => REVIEW_VERSIONS.includes(one)),
  );
  const strictNames = new Set(before.map(({ name }) => name)).size === before.length;
  for (const [index, hook] of webhooks.entries()) {
    const path = `webhooks[${index}]`;
    checkHook(errors, path, hook, strictEffects ? SIDE_EFFECTS : OLDER_SIDE_EFFECTS);
    checkVersions(errors, `${path}.admissionReviewVersions`, hook.admissionReviewVersions ?? [], strictVersions);
    if (strictNames && hook.name && names.indexOf(hook.name) < index) errors.duplicate(`${path}.name`, hook.name);
  }
}

function checkHook(errors: FieldErrors, path: string, hook: Webhook, effects: readonly string[]): void {
  checkDomain(errors, `${path}.name`, hook.name ?? '', 3);
  for (const [index, rule] of (hook.rules ?? []).entries()) checkRule(errors, `${path}.rules[${index}]`, rule);
  checkChoice(errors, `${path}.failurePolicy`, hook.failurePolicy, FAILURE_POLICIES, false);
  checkChoice(errors, `${path}.matchPolicy`, hook.matchPolicy, MATCH_POLICIES, false);
  if (hook.sideEffects === undefined) errors.required(`${path}.sideEffects`, `must specify one of ${effects.join(', ')}`);
  else if (!effects.includes(hook.sideEffects)) errors.notSupported(`${path}.sideEffects`, hook.sideEffects, effects);
  const seconds = hook.timeoutSeconds;
  if (seconds !== undefined && (seconds < 1 || seconds > SECONDS_MAX))
    errors.invalid(`${path}.timeoutSeconds`, seconds, `the timeout value must be between 1 and ${SECONDS_MAX} seconds`);
  checkLabelSelector(errors, `${path}.namespaceSelector`, hook.namespaceSelector);
  checkLabelSelector(errors, `${path}.objectSelector`, hook.objectSelector);
  if ('reinvocationPolicy' in hook) checkChoice(errors, `${path}.reinvocationPolicy`, hook.reinvocationPolicy, REINVOCATIONS, false);
  checkClient(errors, `${path}.clientConfig`, hook.clientConfig ?? {});
  checkMatchConditions(errors, `${path}.matchConditions`, hook.matchConditions);
}

const versionLabel: TextFormat = (text) =>
  /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(text)
    ? []
    : [
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ];

function checkVersions(errors: FieldErrors, field: string, versions: readonly string[], strict: boolean): void {
  if (versions.length === 0) return errors.required(field, `must specify one of ${REVIEW_VERSIONS.join(', ')}`);
  for (const [index, version] of versions.entries()) {
    if (versions.indexOf(version) < index) errors.invalid(`${field}[${index}]`, version, 'duplicate version');
    else checkText(errors, `${field}[${index}]`, version, versionLabel);
  }
  if (strict && !versions.some((version) => REVIEW_VERSIONS.includes(version)))
    errors.invalid(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`);
}

function checkClient(errors: FieldErrors, path: string, { url, service }: AdmissionregistrationV1WebhookClientConfig): void {
  if ((url === undefined) === (service === undefined)) errors.required(path, 'exactly one of url or service is required');
  else if (url !== undefined) checkUrl(errors, `${path}.url`, url);
  else if (service !== undefined) checkService(errors, `${path}.service`, service);
}

function checkUrl(errors: FieldErrors, field: string, text: string): void {
  const form = '; desired format: https://host[/path]';
  const parsed = URL.parse(text);
  const [, scheme = '', rest = ''] = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(.*)$/s.exec(text) ?? [];
  if (parsed === null && scheme !== '' && rest.startsWith('//') && rest.length > 2) return errors.required(field, `url must be a valid URL: ${text}${form}`);
  if (scheme !== 'https') errors.invalid(field, scheme, `'https' is the only allowed URL scheme${form}`);
  if (!parsed?.host) errors.invalid(field, '', `host must be specified${form}`);
  if (parsed?.username || parsed?.password)
    errors.invalid(field, `${parsed.username}${parsed.password ? `:${parsed.password}` : ''}`, 'user information is not permitted in the URL');
  if (parsed?.hash) errors.invalid(field, parsed.hash.slice(1), 'fragments are not permitted in the URL');
  if (parsed?.search) errors.invalid(field, parsed.search.slice(1), 'query parameters are not permitted in the URL');
}

function checkService(errors: FieldErrors, field: string, { name, namespace, port = 0, path }: AdmissionregistrationV1ServiceReference): void {
  // Kubernetes swaps the two names here, and so the order in which they are told.
  if (!namespace) errors.required(`${field}.name`);
  if (!name) errors.required(`${field}.namespace`);
  if (port < 1 || port > 65_535) errors.invalid(`${field}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive');
  if (!path || path === '/') return;
  if (path === '//') return errors.invalid(`${field}.path`, path, 'segment[0] may not be empty');
  if (!path.startsWith('/')) errors.invalid(`${field}.path`, path, "must start with a '/'");
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  for (const [index, step] of steps.entries()) {
    if (step === '') errors.invalid(`${field}.path`, path, `segment[${index}] may not be empty`);
    else for (const why of dnsSubdomain(step)) errors.invalid(`${field}.path`, path, `segment[${index}]: ${why}`);
  }
}

const configuration = (mutating: boolean) =>
  strategy<Configuration>({
    setDefaults: (object) => setDefaults(object, mutating),
    prepareCreate: ({ metadata }) => {
      metadata.generation = 1;
    },
    prepareUpdate: (object, old) => {
      if (!isDeepStrictEqual(object.webhooks, old.webhooks)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validate,
    warnings: ({ webhooks = [] }) => (webhooks.length > 0 ? [NOT_CALLED] : []),
    columns: [nameColumn, column<Configuration>('Webhooks', ({ webhooks }) => webhooks?.length ?? 0, 0, 'integer'), ageColumn],
  });

export const MUTATING_WEBHOOKS = configuration(true);
export const VALIDATING_WEBHOOKS = configuration(false);
