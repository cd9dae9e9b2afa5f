import { checkListTypes, validateBySchema } from '../custom/validate.ts';
import { invalid } from '../errors.ts';
import { strategyOf } from '../kinds/index.ts';
import type { ServedResource } from '../resources.ts';
import type { KubeObject } from '../types.ts';
import { FieldErrors } from './field-errors.ts';
import { checkKnownFinalizers, checkMetadata } from './metadata.ts';
import { checkSubdomain } from './names.ts';

/** Checks a defaulted object that is to be created. Errors: 422 `Invalid`, with a cause for each wrong field. */
export function validateCreate(resource: ServedResource, object: KubeObject): void {
  const errors = checkMeta(resource, object);
  checkContent(resource, errors, object);
  raise(resource, object, errors);
}

/** Checks what is to stand in place of `old`. Errors: 422 `Invalid`. */
export function validateUpdate(resource: ServedResource, object: KubeObject, old: KubeObject): void {
  const errors = checkMeta(resource, object);
  if (object.metadata.name !== old.metadata.name) errors.invalid('metadata.name', object.metadata.name, 'field is immutable');
  if (object.metadata.uid !== undefined && object.metadata.uid !== old.metadata.uid) errors.invalid('metadata.uid', object.metadata.uid, 'field is immutable');
  checkContent(resource, errors, object, old);
  raise(resource, object, errors);
}

/** Checks the finalizers of a namespace's spec. Errors: 422 `Invalid`. */
export function validateFinalizers(resource: ServedResource, object: KubeObject & { readonly spec?: { readonly finalizers?: readonly string[] } }): void {
  const errors = new FieldErrors();
  checkKnownFinalizers(errors, 'spec.finalizers', object.spec?.finalizers ?? []);
  raise(resource, object, errors);
}

/** Checks the status that is to stand in place of that of `old`. Errors: 422 `Invalid`. */
export function validateStatusUpdate(resource: ServedResource, object: KubeObject, old: KubeObject): void {
  const errors = checkMeta(resource, object);
  strategyOf(resource).validateStatus?.(errors, object, old);
  raise(resource, object, errors);
}

function checkContent(resource: ServedResource, errors: FieldErrors, object: KubeObject, old?: KubeObject): void {
  if (resource.custom === undefined) strategyOf(resource).validate?.(errors, object, old);
  else {
    validateBySchema(errors, resource.custom.schema, object, '', old);
    checkListTypes(errors, resource.custom.schema, object, '');
  }
}

/** Whose finalizers may be of any one word. */
const WITH_PLAIN_FINALIZERS = [
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'policy',
];

function checkMeta(resource: ServedResource, { metadata }: KubeObject): FieldErrors {
  const errors = new FieldErrors();
  checkMetadata(errors, metadata, strategyOf(resource).validateName ?? checkSubdomain);
  if (resource.custom === undefined && resource.kind !== 'Event' && !WITH_PLAIN_FINALIZERS.includes(resource.group))
    checkKnownFinalizers(errors, 'metadata.finalizers', metadata.finalizers ?? []);
  return errors;
}

function raise(resource: ServedResource, object: KubeObject, { causes }: FieldErrors): void {
  if (causes.length > 0)
    // Events of both groups are one kind to Kubernetes, of the older group.
    throw invalid(resource.kind, resource.kind === 'Event' ? '' : resource.group, object.metadata.name ?? object.metadata.generateName ?? '', causes);
}
