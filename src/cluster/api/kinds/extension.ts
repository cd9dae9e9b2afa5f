import { checkDefinition, definitionWarnings } from '../custom/check-definition.ts';
import { defaultDefinition } from '../custom/default-definition.ts';
import type { Definition } from '../custom/definition.ts';
import { MUTATING_POLICY_BINDING, VALIDATING_POLICY_BINDING } from './extension/admission-policy-binding.ts';
import { MUTATING_POLICY, VALIDATING_POLICY } from './extension/admission-policy.ts';
import { API_SERVICE } from './extension/api-service.ts';
import { LEASE_CANDIDATE } from './extension/lease-candidate.ts';
import { STORAGE_VERSION, STORAGE_VERSION_MIGRATION } from './extension/storage-version.ts';
import { MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS } from './extension/webhook-configuration.ts';
import { strategy, type Strategy } from './strategy.ts';

/** A definition goes when the objects of its kind have gone. */
export const CUSTOM_CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

/** What adds kinds of its own, and what looks at the writes of others. */
export const EXTENSION: Readonly<Record<string, Strategy>> = {
  V1CustomResourceDefinition: strategy<Definition>({
    counted: true,
    setDefaults: defaultDefinition,
    validate: checkDefinition,
    warnings: definitionWarnings,
  }),
  V1APIService: API_SERVICE,
  V1MutatingWebhookConfiguration: MUTATING_WEBHOOKS,
  V1ValidatingWebhookConfiguration: VALIDATING_WEBHOOKS,
  V1ValidatingAdmissionPolicy: VALIDATING_POLICY,
  V1ValidatingAdmissionPolicyBinding: VALIDATING_POLICY_BINDING,
  V1MutatingAdmissionPolicy: MUTATING_POLICY,
  V1beta1MutatingAdmissionPolicy: MUTATING_POLICY,
  V1alpha1MutatingAdmissionPolicy: MUTATING_POLICY,
  V1MutatingAdmissionPolicyBinding: MUTATING_POLICY_BINDING,
  V1beta1MutatingAdmissionPolicyBinding: MUTATING_POLICY_BINDING,
  V1alpha1MutatingAdmissionPolicyBinding: MUTATING_POLICY_BINDING,
  V1alpha1StorageVersion: STORAGE_VERSION,
  V1beta1StorageVersionMigration: STORAGE_VERSION_MIGRATION,
  V1beta1LeaseCandidate: LEASE_CANDIDATE,
  V1alpha2LeaseCandidate: LEASE_CANDIDATE,
};
