import type { ServedResource } from '../resources.ts';

const SAID = ['labels', 'annotations', 'ownerReferences', 'finalizers'] as const;
type Said = (typeof SAID)[number];

/** Kinds whose status is updated with nothing of their metadata. */
const STATUS_ALONE = new Set([
  ...['CustomResourceDefinition', 'DeviceTaintRule', 'PodCertificateRequest', 'PodGroup', 'ResourceClaim', 'ServiceCIDR'],
  ...['StorageVersion', 'StorageVersionMigration', 'ValidatingAdmissionPolicy', 'VolumeAttachment'],
]);
/** What of others' metadata stays as it is. */
const KEPT: Readonly<Record<string, readonly Said[]>> = { Deployment: ['labels'], Pod: ['ownerReferences'] };

/** What an update of the status may say of an object beside it. */
export function saidWithStatus({ kind, custom }: ServedResource): readonly Said[] {
  if (STATUS_ALONE.has(kind) && custom === undefined) return [];
  const kept = custom === undefined ? (KEPT[kind] ?? []) : [];
  return SAID.filter((field) => !kept.includes(field));
}
