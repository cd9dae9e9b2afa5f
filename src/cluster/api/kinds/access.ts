import { defaultBinding, defaultPriorityClass } from '../defaults/access.ts';
import type { V1CertificateSigningRequest, V1ClusterRole, V1ClusterRoleBinding, V1PriorityClass, V1Role, V1RoleBinding } from '../generated/types.ts';
import {
  checkCertificateRequest,
  checkClusterRole,
  checkClusterRoleBinding,
  checkPathSegment,
  checkPriorityClass,
  checkRole,
  checkRoleBinding,
} from '../validation/access.ts';
import { strategy, type Strategy } from './strategy.ts';

/** Who may do what, and what goes first. */
export const ACCESS: Readonly<Record<string, Strategy>> = {
  V1Role: strategy<V1Role>({ validateName: checkPathSegment, validate: checkRole }),
  V1ClusterRole: strategy<V1ClusterRole>({ validateName: checkPathSegment, validate: checkClusterRole }),
  V1RoleBinding: strategy<V1RoleBinding>({ setDefaults: defaultBinding, validateName: checkPathSegment, validate: checkRoleBinding }),
  V1ClusterRoleBinding: strategy<V1ClusterRoleBinding>({ setDefaults: defaultBinding, validateName: checkPathSegment, validate: checkClusterRoleBinding }),
  V1CertificateSigningRequest: strategy<V1CertificateSigningRequest>({ validate: checkCertificateRequest }),
  V1PriorityClass: strategy<V1PriorityClass>({ setDefaults: defaultPriorityClass, validate: checkPriorityClass }),
};
