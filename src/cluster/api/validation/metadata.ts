import type { ObjectMeta, OwnerReference } from '../types.ts';
import { FieldErrors } from './field-errors.ts';
import { checkAnnotations, checkLabels, checkQualifiedName } from './names.ts';

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** What holds for the metadata of every object; `checkName` is the kind's rule of names. */
export function checkMetadata(errors: FieldErrors, metadata: ObjectMeta, checkName: (errors: FieldErrors, field: string, name: string) => void): void {
  const { name, generateName, generation = 0, labels, annotations, ownerReferences = [], finalizers = [] } = metadata;
  // What is to come after a generated name's minus is fine.
  if (generateName) checkMasked(errors, generateName, checkName);
  if (name) checkName(errors, 'metadata.name', name);
  else if (!generateName) errors.required('metadata.name', 'name or generateName is required');
  if (generation < 0) errors.invalid('metadata.generation', generation, 'must be greater than or equal to 0');
  checkLabels(errors, 'metadata.labels', labels);
  checkAnnotations(errors, 'metadata.annotations', annotations);
  checkOwners(errors, 'metadata.ownerReferences', ownerReferences);
  for (const finalizer of finalizers) checkQualifiedName(errors, 'metadata.finalizers', finalizer);
  if (finalizers.includes(ORPHAN) && finalizers.includes(FOREGROUND))
    errors.invalid('metadata.finalizers', finalizers, `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`);
}

const STANDARD_FINALIZERS = ['kubernetes', ORPHAN, FOREGROUND];

/** What keeps an object of Kubernetes' own kinds until it is taken away: a name that it knows, or one that says whose it is. */
export function checkKnownFinalizers(errors: FieldErrors, field: string, finalizers: readonly string[]): void {
  for (const [index, finalizer] of finalizers.entries()) {
    if (!finalizer.includes('/') && !STANDARD_FINALIZERS.includes(finalizer))
      errors.invalid(`${field}[${index}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
  }
}

function checkMasked(errors: FieldErrors, generateName: string, checkName: (errors: FieldErrors, field: string, name: string) => void): void {
  const masked = new FieldErrors();
  checkName(masked, 'metadata.generateName', generateName.length > 1 && generateName.endsWith('-') ? `${generateName.slice(0, -1)}a` : generateName);
  errors.causes.push(...masked.causes);
}

/** Who an object belongs to: one of them at most controls it. */
function checkOwners(errors: FieldErrors, field: string, owners: readonly OwnerReference[]): void {
  let controller: string | undefined;
  for (const owner of owners) {
    const { apiVersion = '', kind = '', name = '', uid = '' } = owner;
    if (!/^(?:[^/]*\/)?[^/]+$/.test(apiVersion)) errors.invalid(`${field}.apiVersion`, apiVersion, 'version must not be empty');
    for (const [part, text] of Object.entries({ kind, name, uid })) if (text === '') errors.invalid(`${field}.${part}`, text, 'must not be empty');
    if (apiVersion === 'v1' && kind === 'Event') errors.invalid(field, owner, '/v1, Kind=Event is disallowed from being an owner');
    if (owner.controller !== true) continue;
    if (controller !== undefined)
      errors.invalid(field, owners, `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${kind}/${name}`);
    controller ??= `${kind}/${name}`;
  }
}
