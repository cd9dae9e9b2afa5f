/** Somebody to be told what happens to the registry. */
export interface HookSettings {
  readonly url: string;
  /** All of these when left out. */
  readonly events?: readonly HookAction[];
  /** Patterns as in rules of access; all repositories when left out. */
  readonly repositories?: readonly string[];
  /** Sent along with each message. */
  readonly headers?: Readonly<Record<string, string>>;
  /** With it each message is signed: `x-gantry-signature: sha256=HEX`, an HMAC of the body. */
  readonly secret?: string;
}
export const HOOK_ACTIONS = ['push', 'pull', 'delete'] as const;
export type HookAction = (typeof HOOK_ACTIONS)[number];

/** What happened to a repository. */
export interface RegistryEvent {
  readonly action: HookAction;
  readonly repository: string;
  readonly digest?: string;
  readonly mediaType?: string;
  readonly size?: number;
  readonly tag?: string;
}
/** An event with who caused it, in the form that notifications of registries have (application/vnd.docker.distribution.events.v1+json). */
export interface EnvelopedEvent {
  readonly id: string;
  readonly timestamp: string;
  readonly action: HookAction;
  readonly target: {
    readonly mediaType?: string;
    readonly size?: number;
    readonly length?: number;
    readonly digest?: string;
    readonly repository: string;
    readonly url?: string;
    readonly tag?: string;
  };
  readonly request: { readonly id: string; readonly addr: string; readonly host: string; readonly method: string; readonly useragent: string };
  readonly source: { readonly addr: string; readonly instanceID: string };
  readonly actor: { readonly name?: string };
}
