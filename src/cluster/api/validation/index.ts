import { checkDefinition } from '../custom/check-definition.ts';
import { validateBySchema } from '../custom/validate.ts';
import { invalid } from '../errors.ts';
import type { ServedResource } from '../resources.ts';
import type { KubeObject } from '../types.ts';
import {
  checkCertificateRequest,
  checkClusterRole,
  checkClusterRoleBinding,
  checkPathSegment,
  checkPriorityClass,
  checkRole,
  checkRoleBinding,
  RBAC_GROUP,
} from './access.ts';
import { checkConfigMap, checkSecret } from './data.ts';
import { FieldErrors } from './field-errors.ts';
import { checkAutoscaler, checkDeployment, checkPod, checkReplicaSet, checkService } from './kinds.ts';
import { checkLabelName, checkLabels, checkQualifiedName, checkSubdomain } from './names.ts';

type Check = (errors: FieldErrors, object: KubeObject, old?: KubeObject) => void;

/** The function's parameter is the model of the key; the object was decoded by that model, so it has its shape. */
const as =
  <T extends KubeObject>(check: (errors: FieldErrors, object: T, old?: T) => void): Check =>
  (errors, object, old) =>
    check(errors, object as T, old as T | undefined);

const BY_MODEL: Readonly<Record<string, Check>> = {
  V1Pod: as(checkPod),
  V1Deployment: as(checkDeployment),
  V1ReplicaSet: as(checkReplicaSet),
  V1Service: as(checkService),
  V1ConfigMap: as(checkConfigMap),
  V1Secret: as(checkSecret),
  V1HorizontalPodAutoscaler: as(checkAutoscaler),
  V2HorizontalPodAutoscaler: as(checkAutoscaler),
  V1Role: as(checkRole),
  V1ClusterRole: as(checkClusterRole),
  V1RoleBinding: as(checkRoleBinding),
  V1ClusterRoleBinding: as(checkClusterRoleBinding),
  V1CertificateSigningRequest: as(checkCertificateRequest),
  V1PriorityClass: as(checkPriorityClass),
  V1CustomResourceDefinition: as(checkDefinition),
};

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

function checkContent({ model, custom }: ServedResource, errors: FieldErrors, object: KubeObject, old?: KubeObject): void {
  if (custom === undefined) BY_MODEL[model]?.(errors, object, old);
  else validateBySchema(errors, custom.schema, object, '');
}

function checkMeta(resource: ServedResource, { metadata }: KubeObject): FieldErrors {
  const errors = new FieldErrors();
  const { name, generateName } = metadata;
  if (!name) {
    if (!generateName) errors.required('metadata.name', 'name or generateName is required');
  } else if (resource.resource === 'namespaces') checkLabelName(errors, 'metadata.name', name);
  else if (resource.group === RBAC_GROUP) checkPathSegment(errors, 'metadata.name', name);
  else checkSubdomain(errors, 'metadata.name', name);
  checkLabels(errors, 'metadata.labels', metadata.labels);
  for (const key of Object.keys(metadata.annotations ?? {})) checkQualifiedName(errors, 'metadata.annotations', key.toLowerCase());
  for (const [index, owner] of (metadata.ownerReferences ?? []).entries()) {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) if (!owner[field]) errors.required(`metadata.ownerReferences[${index}].${field}`);
  }
  return errors;
}

function raise(resource: ServedResource, object: KubeObject, { causes }: FieldErrors): void {
  if (causes.length > 0) throw invalid(resource.kind, resource.group, object.metadata.name ?? object.metadata.generateName ?? '', causes);
}
