/** A registry elsewhere whose repositories are served from here, and kept. */
export interface UpstreamSettings {
  /** What names here begin with: `hub/`. `/` stands for every name that no repository here has, as Docker asks its registry-mirrors. */
  readonly prefix?: string;
  /** The host that clients say they mean by `?ns=`, as containerd asks its mirrors. */
  readonly host?: string;
  /** Its address: `https://registry.example`, with a path where only what lies below it is meant. */
  readonly remote: string;
  /** A file with `user:password` in its first line, read anew at each use. */
  readonly credentials?: string;
  /** A file of certificate authorities (PEM) that are believed besides. */
  readonly authority?: string;
  /** How long a tag is trusted before it is asked for again, in milliseconds: 5 minutes when left out. */
  readonly tagsFresh?: number;
  /** Patterns of the upstream's repositories that may be asked for, `*` standing for anything: all when left out. */
  readonly repositories?: readonly string[];
}
