/** What this machine can give a container; read once when the engine starts. */
export interface Machine {
  readonly bounding: ReadonlySet<string>;
  readonly noFileLimit: number;
  readonly cgroupVersion: 1 | 2;
  readonly swapAccounting: boolean;
  readonly cgroupNamespaces: boolean;
  /** The lowest oom_score_adj that may be asked for. */
  readonly oomScoreMin: number;
  /** Limits that the kernel does not have (`KERNEL_FEATURES`). */
  readonly lacking: ReadonlySet<string>;
  readonly initPath?: string;
  /** `amd64`, `arm64` as Go says. */
  readonly architecture: string;
}

/** A value as the machine can give it, and in words what was taken from it. */
export interface Given<T> {
  readonly value: T;
  readonly warnings: readonly string[];
}
