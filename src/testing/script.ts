/** One run of a container, as its script is asked about it. */
export interface Run {
  readonly pod: { readonly uid: string; readonly namespace: string; readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly node: string;
  readonly container: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: readonly string[];
  /** Counts the runs of this container in this Pod from 0. */
  readonly attempt: number;
}

/** What a simulated process does. Times are milliseconds of the cluster's clock; what is left out happens at once, or never. */
export interface ContainerScript {
  /** The words with which it cannot be started. */
  readonly startFails?: string;
  /** It ends by itself; it runs until it is told to stop without it. */
  readonly exits?: { readonly after_ms: number; readonly code: number; readonly oomKilled?: boolean };
  /** Its servers answer probes from so long after the start on; `Infinity` for never. */
  readonly servesAfter_ms?: number;
  /** The status that HTTP probes get once it serves; 200 without it. */
  readonly httpStatus?: number;
  /** How long it goes on after the stop signal; what is longer than the grace period ends by SIGKILL. */
  readonly stopsAfter_ms?: number;
  /** What commands in it (exec, exec probes, hooks) do; they end with 0 without it. */
  readonly exec?: (command: readonly string[]) => { readonly code: number; readonly stdout?: string; readonly stderr?: string };
  /** Lines that it writes when it starts. */
  readonly log?: readonly string[];
  /** What it leaves at its `terminationMessagePath`. */
  readonly lastWords?: string;
  readonly usage?: { readonly cpu_millicores: number; readonly memory_bytes: number };
}

/** Says what a run does; `undefined` leaves it to the scripts before it, and in the end to a process that runs and serves until it is told to stop. */
export type PodScript = (run: Run) => ContainerScript | undefined;
/** Says how an image comes; it is there at once where nothing is said. */
export type ImageScript = (reference: string) => 'missing' | { readonly pull_ms: number } | undefined;
