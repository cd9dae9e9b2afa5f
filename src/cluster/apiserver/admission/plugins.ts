import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './plugins/certificates.ts';
import { claimResize } from './plugins/claim-resize.ts';
import { defaultStorageClass } from './plugins/default-storage-class.ts';
import { defaultTolerationSeconds } from './plugins/default-toleration-seconds.ts';
import { limitRanger } from './plugins/limit-ranger.ts';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { nodeRestriction } from './plugins/node-restriction.ts';
import { priority } from './plugins/priority.ts';
import { resourceQuota } from './plugins/resource-quota.ts';
import { runtimeClass } from './plugins/runtime-class.ts';
import { serviceAccount } from './plugins/service-account.ts';
import type { AdmissionPlugin } from './types.ts';

/** In Kubernetes' order. Whatever calls out (webhooks, policies) has its place before the quota, which counts what is left of them. */
export const PLUGINS: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  nodeRestriction,
  priority,
  defaultTolerationSeconds,
  defaultStorageClass,
  claimResize,
  runtimeClass,
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  resourceQuota,
];

/** The names that options may say. */
export const PLUGIN_NAMES: readonly string[] = PLUGINS.map(({ name }) => name);
