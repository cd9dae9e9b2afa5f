import { type ApiRequest, invalid, type StatusCause } from '#cluster/api';
import { flag } from './options.ts';

const MANAGER_BYTES_MAX = 128;
const VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'];
const KINDS: Readonly<Record<string, string>> = { create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions' };

/** Looks at what the query of a write says beside the object. Errors: 422 as Kubernetes words it. */
export function checkWriteOptions({ verb, query, contentType = '' }: Pick<ApiRequest, 'verb' | 'query' | 'contentType'>): void {
  const kind = KINDS[verb];
  if (kind === undefined) return;
  const { fieldManager = '', fieldValidation = '', dryRun } = query;
  const causes: StatusCause[] = [];
  if (verb === 'patch') causes.push(...patchCauses(contentType.startsWith('application/apply-patch'), fieldManager, query));
  if (Buffer.byteLength(fieldManager) > MANAGER_BYTES_MAX)
    causes.push(cause('FieldValueTooLong', 'fieldManager', `Too long: may not be more than ${MANAGER_BYTES_MAX} bytes`));
  const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(fieldManager);
  if (unprintable) {
    const code = (unprintable[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const words = `invalid character U+${code} (at position ${Buffer.byteLength(fieldManager.slice(0, unprintable.index))})`;
    causes.push(cause('FieldValueInvalid', 'fieldManager', `Invalid value: ${quoted(fieldManager)}: ${words}`));
  }
  if (dryRun !== undefined && dryRun !== 'All') causes.push(unsupported('dryRun', [dryRun], ['All']));
  if (!VALIDATIONS.includes(fieldValidation)) causes.push(unsupported('fieldValidation', fieldValidation, VALIDATIONS));
  if (causes.length > 0) throw invalid(kind, 'meta.k8s.io', '', causes);
}

function patchCauses(isApply: boolean, fieldManager: string, query: ApiRequest['query']): readonly StatusCause[] {
  if (isApply) return fieldManager === '' ? [cause('FieldValueRequired', 'fieldManager', 'Required value: is required for apply patch')] : [];
  return query.force === undefined ? [] : [cause('FieldValueForbidden', 'force', 'Forbidden: may not be specified for non-apply patch')];
}

/** Whether an apply takes over what others hold. */
export function isForced(query: ApiRequest['query']): boolean {
  return flag(query, 'force');
}

function cause(reason: string, field: string, message: string): StatusCause {
  return { reason, field, message };
}

/** As Go writes a text: control characters of one byte as `\x01`. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/\\u00([01][0-9a-f])/g, '\\x$1');
}

function unsupported(field: string, given: string | readonly string[], supported: readonly string[]): StatusCause {
  const values = supported.map((value) => JSON.stringify(value)).join(', ');
  return cause('FieldValueNotSupported', field, `Unsupported value: ${JSON.stringify(given)}: supported values: ${values}`);
}
