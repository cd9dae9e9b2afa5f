import type { FieldErrors } from '../validation/field-errors.ts';
import type { Definition } from './definition.ts';

const ANNOTATION = 'api-approved.kubernetes.io';
const SEE = 'see https://github.com/kubernetes/enhancements/pull/1111';

/** Groups of Kubernetes' own are taken only with a word of who approved them; one that says what it said before is not asked again. */
export function checkApproval(errors: FieldErrors, { metadata, spec: { group } }: Definition, old?: Definition): void {
  if (!/(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group)) return;
  const text = metadata.annotations?.[ANNOTATION] ?? '';
  const state = stateOf(text);
  if (old !== undefined && state === stateOf(old.metadata.annotations?.[ANNOTATION] ?? '')) return;
  const path = `metadata.annotations[${ANNOTATION}]`;
  const words = `protected groups must have approval annotation "${ANNOTATION}"`;
  if (state === 'missing') errors.required(path, `${words}, ${SEE}`);
  if (state === 'wrong') errors.invalid(path, text, `${words} with either a URL or a reason starting with "unapproved", ${SEE}`);
}

function stateOf(text: string): 'missing' | 'bypassed' | 'approved' | 'wrong' {
  if (text === '') return 'missing';
  if (text.startsWith('unapproved')) return 'bypassed';
  return (URL.parse(text)?.host ?? '') === '' ? 'wrong' : 'approved';
}
