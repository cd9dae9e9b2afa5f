/** What a body says, and which of its fields it says twice (in Kubernetes' words). */
export interface Body {
  readonly value: unknown;
  readonly repeated: readonly string[];
}
