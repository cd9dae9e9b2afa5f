/** One thing that was tried on this machine, and undone. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  /** Gantry starts all the same, but something will not work. */
  readonly warning?: boolean;
  /** What was seen, or what is wrong. */
  readonly detail: string;
  /** What would mend it: a package of the system's, or words. */
  readonly remedy?: Remedy;
}
export type Remedy = { readonly kind: 'package'; readonly package: string; readonly why: string } | { readonly kind: 'advice'; readonly advice: string };
