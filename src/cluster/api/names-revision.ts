import type { ServedResource } from './resources.ts';

const KINDS = new Set(
  `MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding
  ValidatingWebhookConfiguration StorageVersion ClusterTrustBundle PodCertificateRequest Lease LeaseCandidate RuntimeClass PodDisruptionBudget
  ResourcePoolStatusRequest CSIDriver CSINode CSIStorageCapacity VolumeAttachment StorageVersionMigration CustomResourceDefinition APIService`.split(/\s+/),
);

/** Whether an object is put only in the place of a revision that the request names. */
export const namesRevision = ({ custom, kind }: ServedResource): boolean => custom !== undefined || KINDS.has(kind);
