import { CERTIFICATE_SIGNING_REQUEST } from './access/certificate-request.ts';
import { PRIORITY_CLASS, RUNTIME_CLASS } from './access/classes.ts';
import { POD_CERTIFICATE_REQUEST } from './access/pod-certificate-request.ts';
import { CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING } from './access/rbac.ts';
import { CLUSTER_TRUST_BUNDLE } from './access/trust.ts';
import type { Strategy } from './strategy.ts';

/** Who may do what, who is who, and what goes first. */
export const ACCESS: Readonly<Record<string, Strategy>> = {
  V1Role: ROLE,
  V1ClusterRole: CLUSTER_ROLE,
  V1RoleBinding: ROLE_BINDING,
  V1ClusterRoleBinding: CLUSTER_ROLE_BINDING,
  V1CertificateSigningRequest: CERTIFICATE_SIGNING_REQUEST,
  V1beta1ClusterTrustBundle: CLUSTER_TRUST_BUNDLE,
  V1alpha1ClusterTrustBundle: CLUSTER_TRUST_BUNDLE,
  V1beta1PodCertificateRequest: POD_CERTIFICATE_REQUEST,
  V1PriorityClass: PRIORITY_CLASS,
  V1RuntimeClass: RUNTIME_CLASS,
};
