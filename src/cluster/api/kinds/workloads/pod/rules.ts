import type { V1Pod, V1PodSpec } from '../../../generated/types.ts';
import type { FieldErrors } from '../../../validation/field-errors.ts';
import { checkPodSpec } from '../../../validation/pod-spec.ts';
import { checkPodAnnotations } from '../../../validation/pod-spec/annotations.ts';
import { checkImageText } from '../../../validation/pod-spec/containers.ts';
import { checkPodUpdate } from './update-rules.ts';

export function validatePod(errors: FieldErrors, pod: V1Pod, old?: V1Pod): void {
  const { metadata, spec = { containers: [] } } = pod;
  checkPodAnnotations(errors, 'metadata.annotations', metadata.annotations, spec, 'spec');
  checkPodSpec(errors, 'spec', spec, { isPod: true, metadata });
  checkTokens(errors, spec);
  for (const list of ['containers', 'initContainers'] as const)
    for (const [index, container] of (spec[list] ?? []).entries()) checkImageText(errors, `spec.${list}[${index}]`, container);
  if (old === undefined) checkNew(errors, spec);
  else checkPodUpdate(errors, pod, old);
}

/** Who has no account has no token of it. */
function checkTokens(errors: FieldErrors, { serviceAccountName, volumes = [] }: V1PodSpec): void {
  if (serviceAccountName) return;
  for (const [index, { projected }] of volumes.entries())
    for (const [at, { serviceAccountToken }] of (projected?.sources ?? []).entries())
      if (serviceAccountToken !== undefined)
        errors.forbidden(`spec.volumes[${index}].projected.sources[${at}].serviceAccountToken`, 'must not be specified when serviceAccountName is not set');
}

function checkNew(errors: FieldErrors, { ephemeralContainers, nodeName, schedulingGates }: V1PodSpec): void {
  if (ephemeralContainers?.length) errors.forbidden('spec.ephemeralContainers', 'cannot be set on create');
  if (nodeName && schedulingGates?.length) errors.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
}
