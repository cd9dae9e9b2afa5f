import type { JsonPath } from './json-path.ts';
import type { JsonSchema } from './json-schema.ts';

/** What a CustomResourceDefinition says of one version of its kind, besides its names. */
export interface CustomKind {
  readonly schema: JsonSchema;
  readonly hasDefaults: boolean;
  readonly columns: readonly CustomColumn[];
  readonly scale: CustomScale | undefined;
  /** Fields that can be selected by, such as `spec.color`. */
  readonly selectable: readonly string[];
}
export interface CustomColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
  readonly path: JsonPath;
}
/** Where a Scale's parts stand: `.spec.replicas` as its steps. */
export interface CustomScale {
  readonly specReplicas: readonly string[];
  readonly statusReplicas: readonly string[];
  readonly selector: readonly string[] | undefined;
}
