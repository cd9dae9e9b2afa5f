import { runtimeUnknown } from '../errors.ts';

/** An OCI runtime that containers may name; its command line is that of the OCI runtime's (create, start, state, kill, delete, exec). */
export interface OciRuntime {
  readonly name: string;
  readonly path: string;
  /** Words before the command. */
  readonly args: readonly string[];
}

/** The runtime that is always there, whose own ways (its waiting pipe, its compiled filters) are made use of. */
export const CRUN = 'crun';

/** The runtimes of a daemon, by name. Containers of `crun` name none. */
export class OciRuntimes {
  readonly #crun: string;
  readonly #others: ReadonlyMap<string, OciRuntime>;
  readonly #default: string;

  /** `fallback` is what a container gets that names none. */
  constructor(options: { readonly crun: string; readonly others: readonly OciRuntime[]; readonly fallback: string }) {
    this.#crun = options.crun;
    this.#others = new Map(options.others.map((runtime) => [runtime.name, runtime]));
    this.#default = options.fallback;
  }

  /** What a container is to remember that names this one, or none; undefined: crun. Errors: `RUNTIME_UNKNOWN`. */
  choose(name: string | undefined): string | undefined {
    const wanted = name ?? this.#default;
    if (wanted === CRUN) return undefined;
    if (!this.#others.has(wanted)) throw runtimeUnknown(wanted, [CRUN, ...this.#others.keys()]);
    return wanted;
  }

  isKnown(name: string | undefined): boolean {
    return name === undefined || this.#others.has(name);
  }

  /** Errors: `RUNTIME_UNKNOWN`, where a container remembers one that is no longer named. */
  check(name: string | undefined): void {
    if (!this.isKnown(name)) throw runtimeUnknown(name ?? CRUN, [CRUN, ...this.#others.keys()]);
  }

  /** The words that start it, up to the command. Errors: `RUNTIME_UNKNOWN`. */
  words(name: string | undefined, root: string): readonly string[] {
    if (name === undefined) return [this.#crun, '--root', root, '--cgroup-manager=cgroupfs'];
    const found = this.#others.get(name);
    if (found === undefined) throw runtimeUnknown(name, [CRUN, ...this.#others.keys()]);
    return [found.path, ...found.args, '--root', root];
  }
}
