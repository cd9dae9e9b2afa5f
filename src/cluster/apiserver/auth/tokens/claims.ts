import type { KubeObject } from '#cluster/api';
import type { Claims } from './jwt.ts';

/** An object that a token is bound to. */
export interface BoundRef {
  readonly name: string;
  readonly uid: string;
}
/** What a ServiceAccount's token says. */
export interface AccountClaims {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly expires_s: number;
  readonly notBefore_s: number;
  readonly id: string | undefined;
  readonly namespace: string;
  readonly account: BoundRef;
  readonly pod: BoundRef | undefined;
  readonly secret: BoundRef | undefined;
  readonly node: BoundRef | undefined;
}

export interface NewClaims {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly now_s: number;
  readonly lifetime_s: number;
  readonly id: string;
  readonly account: KubeObject;
  readonly pod?: KubeObject;
  readonly secret?: KubeObject;
  readonly node?: KubeObject;
}

/** The claims in the form in which they are signed. Pure. */
export function claimsOf({ issuer, audiences, now_s, lifetime_s, id, account, pod, secret, node }: NewClaims): Claims {
  const { namespace = '', name = '' } = account.metadata;
  return {
    aud: audiences,
    exp: now_s + lifetime_s,
    iat: now_s,
    iss: issuer,
    jti: id,
    'kubernetes.io': {
      namespace,
      ...(node === undefined ? {} : { node: refOf(node) }),
      ...(pod === undefined ? {} : { pod: refOf(pod) }),
      ...(secret === undefined ? {} : { secret: refOf(secret) }),
      serviceaccount: refOf(account),
    },
    nbf: now_s,
    sub: `system:serviceaccount:${namespace}:${name}`,
  };
}

/** The claims of a ServiceAccount's token; undefined where they are somebody else's. Pure. */
export function parseClaims(claims: Claims): AccountClaims | undefined {
  const own = record(claims['kubernetes.io']);
  const account = ref(own?.serviceaccount);
  const { iss, aud, exp, nbf, jti } = claims;
  const namespace = own?.namespace;
  if (account === undefined || typeof namespace !== 'string' || typeof iss !== 'string' || typeof exp !== 'number') return undefined;
  if (claims.sub !== `system:serviceaccount:${namespace}:${account.name}`) return undefined;
  return {
    issuer: iss,
    audiences: (Array.isArray(aud) ? aud : [aud]).filter((one) => typeof one === 'string'),
    expires_s: exp,
    notBefore_s: typeof nbf === 'number' ? nbf : 0,
    id: typeof jti === 'string' ? jti : undefined,
    namespace,
    account,
    pod: ref(own?.pod),
    secret: ref(own?.secret),
    node: ref(own?.node),
  };
}

function refOf({ metadata }: KubeObject): BoundRef {
  return { name: metadata.name ?? '', uid: metadata.uid ?? '' };
}

function ref(value: unknown): BoundRef | undefined {
  const found = record(value);
  return typeof found?.name === 'string' && typeof found.uid === 'string' ? { name: found.name, uid: found.uid } : undefined;
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  // Each field is checked where it is used.
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}
