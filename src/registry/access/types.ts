/** What can be done with a repository, in the words of token scopes. */
export const ACTIONS = ['pull', 'push', 'delete'] as const;
export type Action = (typeof ACTIONS)[number];

/** Who may do what. */
export interface AccessSettings {
  /** A file of lines `NAME:HASH`, each hash of bcrypt, as `htpasswd -B` writes them. */
  readonly htpasswd: string;
  /** What those may who give no password: nothing when left out. */
  readonly anonymous?: 'none' | 'pull';
  /** Users by the name of their group. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** Each allows; without rules every user may do everything. */
  readonly rules?: readonly AccessRule[];
  readonly token?: TokenSettings;
}
export interface AccessRule {
  /** All users when neither these nor groups are given. */
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  /** Patterns: `*` stands for any text without a slash, `**` for any text; all repositories when left out. */
  readonly repositories?: readonly string[];
  readonly actions: readonly Action[];
}
export interface TokenSettings {
  /** Who gives tokens, as they say: `gantry` when left out. */
  readonly issuer?: string;
  /** A file with an Ed25519 private key (PEM); one is made and kept in the data dir when left out. */
  readonly key?: string;
  /** The name of the registry that tokens are for; clients hand it back. */
  readonly service?: string;
  /** Milliseconds. */
  readonly lifetime?: number;
}

/** Who asks; no name is nobody in particular. */
export interface Actor {
  readonly name: string | undefined;
  /** What a bearer token allows; undefined: whatever the rules allow the user. */
  readonly grants?: readonly Grant[];
}
/** What somebody may do or asks for, as scopes have it. */
export interface Grant {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}
