import type { V1PodSpec, V1PodTemplateSpec } from '../generated/types.ts';
import { defaultPodSpec } from './pod-spec.ts';

/** A Pod template with its parts there to be looked at, and with the defaults that a template has; answers its spec. */
export function defaultPodTemplate(holder: { template?: V1PodTemplateSpec }): V1PodSpec {
  holder.template ??= {};
  holder.template.metadata ??= {};
  holder.template.spec ??= { containers: [] };
  defaultPodSpec(holder.template.spec);
  return holder.template.spec;
}
