export { type ApplyOptions, applyPatch, untyped } from './apply/apply.ts';
export { type TrackOptions, trackUpdate } from './apply/track.ts';
export { copyOf } from './copy.ts';
export { type Definition, resourcesOf } from './custom/definition.ts';
export type { CustomKind, CustomScale } from './custom/kind.ts';
export { prune } from './custom/decode.ts';
export { withDefaults } from './custom/defaults.ts';
export { namesRevision } from './names-revision.ts';
export { applyDefaults } from './defaults/index.ts';
export * from './errors.ts';
export { type FieldRequirement, matchesFields, parseFieldSelector, type SelectedKind } from './field-selectors.ts';
export type * from './generated/types.ts';
export { resolveIntOrPercent } from './int-or-percent.ts';
export { parseLabelSelector } from './label-selector-text.ts';
export { objectSelectorText } from './object-selector-text.ts';
export { type OpenApiSchemas, openApiSchemas } from './openapi/schemas.ts';
export { jsonPatch } from './patch/json-patch.ts';
export { mergePatch } from './patch/merge-patch.ts';
export { strategicMergePatch } from './patch/strategic-merge-patch.ts';
export { goText } from './patch/go-text.ts';
export { isPodPart, type PodPart, validatePodPart, withPodPart } from './pod-parts.ts';
export { type NodeReason, type NodeWhy, OWN_GROUP, type PodFinding, type PodWhy } from './pod-why.ts';
export { isPodActive, isPodReady, podTemplateHash } from './pods.ts';
export { deprecationOf } from './kinds/deprecations.ts';
export { CUSTOM_CLEANUP } from './kinds/extension.ts';
export { flowControlObjects } from './kinds/policy/flow-bootstrap.ts';
export { prepareForCreate, prepareForUpdate, recountGeneration, warningsOf, withoutStatus } from './prepare.ts';
export { type Amounts, podRequests, podTotal } from './pod-resources.ts';
export { amountText, quotaAmounts, quotaCovers } from './quota-usage.ts';
export { tellQosClass } from './qos-class.ts';
export { formatQuantity, isQuantity, type Milli, parseQuantity } from './quantity.ts';
export { apiVersionOf, findKind, findResource, SERVED_RESOURCES, type ServedResource } from './resources.ts';
export { type Decoded, type DecodeOptions, decode, type FieldValidation } from './schema/decode.ts';
export {
  formatLabelSelector,
  type LabelSelector,
  matchesLabels,
  type ObjectSelector,
  requirementsOf,
} from './selectors.ts';
export { humanDuration, type Table, toTable } from './table/index.ts';
export type * from './types.ts';
export { type AccessReview, type AccessReviewKind, validateAccessReview } from './validation/access-review.ts';
export { validateCreate, validateFinalizers, validateStatusUpdate, validateUpdate } from './validation/index.ts';
