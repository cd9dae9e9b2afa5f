import type { V1PersistentVolumeClaimSpec } from '../../generated/types.ts';
import { isQuantity, parseQuantity } from '../../quantity.ts';
import { checkChoice } from '../choices.ts';
import type { FieldErrors } from '../field-errors.ts';
import { sameContent } from '../same.ts';
import { checkLabelSelector } from '../selector-rules.ts';
import { checkText, dnsLabel, dnsSubdomain } from '../text-formats.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** What a claim of storage asks for, where it is written in something else: a Pod's volume, a StatefulSet. */
export function checkClaimSpec(errors: FieldErrors, path: string, spec: V1PersistentVolumeClaimSpec): void {
  const { accessModes = [], storageClassName, volumeAttributesClassName } = spec;
  if (accessModes.length === 0) errors.required(`${path}.accessModes`, 'at least 1 access mode is required');
  checkLabelSelector(errors, `${path}.selector`, spec.selector);
  for (const mode of accessModes) checkChoice(errors, `${path}.accessModes`, mode, ACCESS_MODES, true);
  if (accessModes.includes('ReadWriteOncePod') && accessModes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode)))
    errors.forbidden(`${path}.accessModes`, 'may not use ReadWriteOncePod with other access modes');
  const storage = spec.resources?.requests?.storage;
  if (storage === undefined) errors.required(`${path}.resources[storage]`);
  else if (isQuantity(storage) && parseQuantity(storage) <= 0n) errors.invalid(`${path}.resources[storage]`, storage, 'must be greater than zero');
  if (storageClassName) checkText(errors, `${path}.storageClassName`, storageClassName, dnsSubdomain);
  checkChoice(errors, `${path}.volumeMode`, spec.volumeMode, ['Block', 'Filesystem'], false);
  checkSources(errors, path, spec);
  if (volumeAttributesClassName) checkText(errors, `${path}.volumeAttributesClassName`, volumeAttributesClassName, dnsSubdomain);
}

interface Source {
  readonly name?: string;
  readonly kind?: string;
  readonly apiGroup?: string;
}

function checkSources(errors: FieldErrors, path: string, { dataSource, dataSourceRef }: V1PersistentVolumeClaimSpec): void {
  if (dataSource) checkSource(errors, `${path}.dataSource`, dataSource);
  if (dataSourceRef) checkSource(errors, `${path}.dataSourceRef`, dataSourceRef);
  if (dataSourceRef?.namespace) checkText(errors, `${path}.dataSourceRef.namespace`, dataSourceRef.namespace, dnsLabel);
  if (!dataSource || !dataSourceRef) return;
  if (dataSourceRef.namespace) errors.invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified');
  else {
    const { namespace: _, ...ref } = dataSourceRef;
    if (!sameContent(dataSource, ref)) errors.invalid(path, {}, 'must match dataSourceRef');
  }
}

function checkSource(errors: FieldErrors, path: string, { name, kind = '', apiGroup = '' }: Source): void {
  if (!name) errors.required(`${path}.name`);
  if (!kind) errors.required(`${path}.kind`);
  if (apiGroup === '' && kind !== 'PersistentVolumeClaim') errors.invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  if (apiGroup !== '') checkText(errors, `${path}.apiGroup`, apiGroup, dnsSubdomain);
}
