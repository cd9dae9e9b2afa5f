import { generateKeyPairSync } from 'node:crypto';
import type { KubeObject, UserInfo } from '#cluster/api';
import { type Clock, type Random, randomUuid } from '#kit';
import { objectKey } from '../../cache/keys.ts';
import type { ObjectCache } from '../../cache/object-cache.ts';
import { type AccountClaims, type BoundRef, claimsOf, parseClaims } from './claims.ts';
import { encodeToken, isSignedBy, readToken, signingKey, type TokenKey, verificationKeys } from './jwt.ts';

/** By whom ServiceAccounts' tokens are issued, and whose are believed. Keys are PEM. */
export interface ServiceAccountOptions {
  /** The first one issues, all of them are believed. */
  readonly issuers: readonly string[];
  /** What a token must be for to be believed here, and is for where nobody says; the first issuer without it. */
  readonly audiences?: readonly string[];
  readonly signingKey: string;
  /** Keys that are believed beside the signing one: `--service-account-key-file`. */
  readonly verificationKeys: readonly string[];
}
export interface TokenWish {
  readonly audiences: readonly string[];
  readonly lifetime_s: number;
  readonly account: KubeObject;
  readonly pod?: KubeObject;
  readonly secret?: KubeObject;
  readonly node?: KubeObject;
}
/** A token that is believed, or in words why not. */
export type Verified = { readonly user: UserInfo; readonly audiences: readonly string[] } | { readonly problem: string };

export const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local';
const KNOWN_MAX = 2048;
/** A Pod that was deleted may still speak while it ends. */
const ENDING_S = 60;
const CORE = (resource: string) => ({ group: '', resource });

interface Keys {
  readonly signing: TokenKey;
  readonly believed: readonly TokenKey[];
}

/** Issues and checks the tokens of ServiceAccounts. A token is believed while what it is bound to exists; a signature is checked once. */
export class ServiceAccountTokens {
  readonly issuers: readonly string[];
  /** What tokens are for where nobody says: this API. */
  readonly audiences: readonly string[];
  /** Where nobody gave any, they are made when the first token is asked for. */
  #keys: Keys | undefined;
  readonly #cache: ObjectCache;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #known = new Map<string, AccountClaims>();

  /** Errors: BAD_TOKEN_KEY. */
  constructor(options: { readonly cache: ObjectCache; readonly clock: Clock; readonly random: Random; readonly accounts?: ServiceAccountOptions }) {
    const { cache, clock, random, accounts } = options;
    this.#cache = cache;
    this.#clock = clock;
    this.#random = random;
    this.issuers = accounts?.issuers ?? [DEFAULT_ISSUER];
    this.audiences = accounts?.audiences ?? this.issuers.slice(0, 1);
    if (accounts !== undefined) this.#keys = keysOf(accounts.signingKey, accounts.verificationKeys);
  }

  get keys(): readonly TokenKey[] {
    return this.#own().believed;
  }

  issue(wish: TokenWish): string {
    const claims = claimsOf({ ...wish, issuer: this.issuers[0] ?? DEFAULT_ISSUER, now_s: this.#now_s(), id: randomUuid(this.#random) });
    return encodeToken(claims, this.#own().signing);
  }

  #own(): Keys {
    this.#keys ??= keysOf(newTokenKey(), []);
    return this.#keys;
  }

  /** Undefined where the text is not a token of an issuer of ours. */
  verify(token: string, audiences: readonly string[] = this.audiences): Verified | undefined {
    const claims = this.#known.get(token) ?? this.#read(token);
    if (claims === undefined) return undefined;
    if (claims === 'forged') return { problem: 'the signature is not that of a key of this cluster' };
    const shared = audiences.filter((one) => claims.audiences.includes(one));
    if (shared.length === 0)
      return { problem: `token audiences ${JSON.stringify(claims.audiences)} is invalid for the target audiences ${JSON.stringify(audiences)}` };
    const problem = this.#timeProblem(claims) ?? this.#objectProblem(claims);
    return problem === undefined ? { user: userOf(claims), audiences: shared } : { problem };
  }

  #read(token: string): AccountClaims | 'forged' | undefined {
    const found = readToken(token);
    const claims = found && parseClaims(found.claims);
    if (found === undefined || claims === undefined || !this.issuers.includes(claims.issuer)) return undefined;
    if (!isSignedBy(token, found.header, this.keys)) return 'forged';
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value ?? '');
    this.#known.set(token, claims);
    return claims;
  }

  #timeProblem({ expires_s, notBefore_s }: AccountClaims): string | undefined {
    const now_s = this.#now_s();
    if (now_s >= expires_s) return 'service account token has expired';
    return now_s + 60 < notBefore_s ? 'service account token is not valid yet' : undefined;
  }

  #objectProblem({ namespace, account, pod, secret, node }: AccountClaims): string | undefined {
    if (!this.#stands('serviceaccounts', namespace, account)) return 'service account token has been invalidated';
    if (pod !== undefined && !this.#stands('pods', namespace, pod)) return 'service account token has been invalidated: its pod is gone';
    if (secret !== undefined && !this.#stands('secrets', namespace, secret)) return 'service account token has been invalidated: its secret is gone';
    // Of a Pod's token the node is only told; a token without a Pod is the node's.
    if (node !== undefined && pod === undefined && !this.#stands('nodes', undefined, node))
      return 'service account token has been invalidated: its node is gone';
    return undefined;
  }

  #stands(resource: string, namespace: string | undefined, { name, uid }: BoundRef): boolean {
    const found = this.#cache.get(objectKey(CORE(resource), namespace, name));
    if (found === undefined || found.metadata.uid !== uid) return false;
    const ends = found.metadata.deletionTimestamp;
    return ends === undefined || this.#now_s() < Date.parse(ends) / 1000 + ENDING_S;
  }

  #now_s(): number {
    return Math.floor(this.#clock.now() / 1000);
  }
}

/** Errors: BAD_TOKEN_KEY. */
function keysOf(pem: string, others: readonly string[]): Keys {
  const all = [pem, ...others].flatMap((one) => verificationKeys(one, 'a verification key'));
  return { signing: signingKey(pem, 'the signing key'), believed: [...new Map(all.map((key) => [key.id, key])).values()] };
}

/** A new key for a cluster's tokens: PEM, on the curve P-256. */
export function newTokenKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function userOf({ namespace, account, pod, node, id }: AccountClaims): UserInfo {
  const extra: Record<string, readonly string[]> = {
    ...(id === undefined ? {} : { 'authentication.kubernetes.io/credential-id': [`JTI=${id}`] }),
    ...(node === undefined ? {} : { 'authentication.kubernetes.io/node-name': [node.name], 'authentication.kubernetes.io/node-uid': [node.uid] }),
    ...(pod === undefined ? {} : { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] }),
  };
  return {
    name: `system:serviceaccount:${namespace}:${account.name}`,
    uid: account.uid,
    groups: [...accountGroups(namespace), 'system:authenticated'],
    extra,
  };
}

/** The groups of every ServiceAccount of a namespace. */
export function accountGroups(namespace: string): readonly string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}
