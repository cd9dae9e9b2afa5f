import { isDeepStrictEqual } from 'node:util';
import type { V1VolumeAttachment, V1VolumeAttachmentSource, V1VolumeAttachmentStatus } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsSubdomain } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { checkDriverName } from './driver-name.ts';
import { defaultVolumeSource } from './volume-defaults.ts';
import { checkVolumeSpec } from './persistent-volume.ts';

const METADATA_BYTES_MAX = 256 * 1024;
const MESSAGE_BYTES_MAX = 1024;
const ONE_OF = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';

function validate(errors: FieldErrors, attachment: V1VolumeAttachment, old?: V1VolumeAttachment): void {
  const { spec, status } = attachment;
  checkDriverName(errors, 'spec.attacher', spec?.attacher);
  checkSource(errors, 'spec.source', spec?.source ?? {});
  checkText(errors, 'spec.nodeName', spec?.nodeName ?? '', dnsSubdomain);
  if (status !== undefined) checkStatus(errors, status);
  const name = spec?.source?.persistentVolumeName;
  if (name !== undefined) checkText(errors, 'spec.source.persistentVolumeName', name, dnsSubdomain);
  if (old !== undefined && !isDeepStrictEqual(spec, old.spec)) errors.invalid('spec', spec ?? null, 'field is immutable');
}

function checkSource(errors: FieldErrors, path: string, { inlineVolumeSpec, persistentVolumeName }: V1VolumeAttachmentSource): void {
  if (inlineVolumeSpec === undefined && persistentVolumeName === undefined) errors.required(path, ONE_OF);
  else if (inlineVolumeSpec !== undefined && persistentVolumeName !== undefined) errors.forbidden(path, ONE_OF);
  else if (persistentVolumeName === '') errors.required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName');
  else if (inlineVolumeSpec !== undefined) checkVolumeSpec(errors, `${path}.inlineVolumeSpec`, inlineVolumeSpec, '', true);
}

function checkStatus(errors: FieldErrors, { attachmentMetadata = {}, ...status }: V1VolumeAttachmentStatus): void {
  const bytes = Object.entries(attachmentMetadata).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (bytes > METADATA_BYTES_MAX) errors.tooLong('status.attachmentMetadata', METADATA_BYTES_MAX);
  for (const field of ['attachError', 'detachError'] as const) {
    const { message = '', errorCode = 0 } = status[field] ?? {};
    // Kubernetes names the limit of the metadata here.
    if (Buffer.byteLength(message) > MESSAGE_BYTES_MAX) errors.tooLong(`status.${field}.message`, METADATA_BYTES_MAX);
    if (errorCode < 0) errors.invalid(`status.${field}.errorCode`, errorCode, 'must be between 0 and 2147483647, inclusive');
  }
}

const columns: readonly Column[] = [
  nameColumn,
  { ...column<V1VolumeAttachment>('Attacher', ({ spec }) => spec.attacher), format: 'name' },
  column<V1VolumeAttachment>('PV', ({ spec }) => spec.source.persistentVolumeName ?? ''),
  column<V1VolumeAttachment>('Node', ({ spec }) => spec.nodeName),
  column<V1VolumeAttachment>('Attached', ({ status }) => status?.attached ?? false, 0, 'boolean'),
  ageColumn,
];

export const VOLUME_ATTACHMENT = strategy<V1VolumeAttachment>({
  setDefaults: ({ spec }) => {
    if (spec?.source?.inlineVolumeSpec) defaultVolumeSource(spec.source.inlineVolumeSpec);
  },
  prepareCreate: (attachment) => {
    attachment.status = { attached: false };
  },
  validate,
  validateStatus: (errors, attachment) => validate(errors, attachment),
  columns,
});
