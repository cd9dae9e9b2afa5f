import type { V1ObjectMeta } from '../../generated/types.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkAnnotations } from '../names.ts';
import { checkLabelMap } from '../selector-rules.ts';

/** Of what is to be made from a template, only labels and annotations can be said. */
export function checkTemplateMeta(errors: FieldErrors, path: string, metadata: Partial<V1ObjectMeta> = {}): void {
  const { annotations, labels, ...others } = metadata;
  checkAnnotations(errors, `${path}.annotations`, annotations);
  checkLabelMap(errors, `${path}.labels`, labels);
  for (const [field, value] of Object.entries(others)) if (value !== undefined && value !== '') errors.forbidden(`${path}.${field}`, 'cannot be set');
}
