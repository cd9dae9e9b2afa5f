import { type Status, StatusError, type UserInfo } from '#cluster/api';
import type { ObjectCache } from '../cache/object-cache.ts';
import { qualifiedResource } from '../errors.ts';
import { type Attributes, denialWords, isResourceRequest, MASTERS } from './attributes.ts';
import { decideForNode, nodeOfUser } from './node/node-authorizer.ts';
import { PodsByNode } from './node/pods-by-node.ts';
import type { BootstrapPolicy } from './rbac/bootstrap-policy.ts';
import { decide, rulesOf } from './rbac/decide.ts';
import { followRbac } from './rbac/follow.ts';
import { explainDenial, type Nearest } from './rbac/nearest.ts';
import { RbacIndex } from './rbac/rbac-index.ts';
import type { PolicyRule } from './rbac/rules.ts';

/** `--authorization-mode`: they are asked in order, and the first that says yes decides. `Node` always stands before `RBAC`. */
export const AUTHORIZATION_MODES = ['Node', 'RBAC', 'AlwaysAllow', 'AlwaysDeny'] as const;
export type AuthorizationMode = (typeof AUTHORIZATION_MODES)[number];

export interface Decision {
  readonly allowed: boolean;
  /** By which rule; of a denial by one of these that says why, else empty. */
  readonly reason: string;
}

const EVERYTHING: PolicyRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
const EVERY_PATH: PolicyRule = { verbs: ['*'], nonResourceURLs: ['*'] };

/** Who may do what. Decisions come from memory: the index of roles and bindings that follows the cache. */
export class Authorizer implements Disposable {
  readonly #index = new RbacIndex();
  readonly #modes: readonly AuthorizationMode[];
  readonly #following = new DisposableStack();
  readonly #pods: PodsByNode;
  readonly #nodeRules: readonly PolicyRule[];

  /** The cache must have started. */
  constructor(cache: ObjectCache, { roles }: BootstrapPolicy, modes: readonly AuthorizationMode[] = ['RBAC']) {
    this.#nodeRules = roles.find(({ metadata }) => metadata.name === 'system:node')?.rules ?? [];
    this.#modes = modes.includes('RBAC') && !modes.includes('Node') ? modes.flatMap((mode) => (mode === 'RBAC' ? ['Node' as const, mode] : [mode])) : modes;
    this.#following.use(followRbac(cache, this.#index));
    this.#pods = this.#following.use(new PodsByNode(cache));
  }

  authorize(user: UserInfo, asked: Attributes): Decision {
    let reason = '';
    // Masters pass whatever the modes are, as whoever mends a cluster has to.
    if (user.groups.includes(MASTERS)) return { allowed: true, reason: `allowed: group ${MASTERS} may do everything` };
    for (const mode of this.#modes) {
      const decision = this.#ask(mode, user, asked);
      if (decision.allowed) return decision;
      reason ||= decision.reason;
    }
    return { allowed: false, reason };
  }

  /** Errors: 403 in Kubernetes' words; its details say what came nearest and what would allow it. */
  require(user: UserInfo, asked: Attributes): void {
    const { allowed, reason } = this.authorize(user, asked);
    if (!allowed) throw denied(user, asked, reason, this.explain(user, asked));
  }

  /** Why a request is denied, in words for people. */
  explain(user: UserInfo, asked: Attributes): Nearest {
    return explainDenial(this.#index, user, asked);
  }

  /** What the user may in the namespace, as far as it can be listed. */
  rulesFor(user: UserInfo, namespace: string): readonly PolicyRule[] {
    if (user.groups.includes(MASTERS) || this.#modes.includes('AlwaysAllow')) return [EVERYTHING, EVERY_PATH];
    return this.#modes.includes('RBAC') ? rulesOf(this.#index, user, namespace) : [];
  }

  /** The rules that count for the user there by RBAC alone: what he may hand on. */
  ownedRules(user: UserInfo, namespace: string | undefined): readonly PolicyRule[] {
    return rulesOf(this.#index, user, namespace);
  }

  /** The rules of the role that a binding in that namespace names; undefined where there is none. */
  roleRules(binding: Parameters<RbacIndex['roleOf']>[0]): readonly PolicyRule[] | undefined {
    return this.#index.roleOf(binding)?.rules;
  }

  [Symbol.dispose](): void {
    this.#following[Symbol.dispose]();
  }

  #ask(mode: AuthorizationMode, user: UserInfo, asked: Attributes): Decision {
    switch (mode) {
      case 'AlwaysAllow':
        return { allowed: true, reason: 'allowed: --authorization-mode has AlwaysAllow' };
      case 'AlwaysDeny':
        return { allowed: false, reason: 'Everything is forbidden.' };
      case 'RBAC': {
        const decision = decide(this.#index, user, asked);
        return decision.allowed ? { allowed: true, reason: decision.reason } : { allowed: false, reason: '' };
      }
      case 'Node':
        return this.#askNode(user, asked);
    }
  }

  #askNode(user: UserInfo, asked: Attributes): Decision {
    const node = nodeOfUser(user);
    if (node === undefined || !isResourceRequest(asked)) return { allowed: false, reason: '' };
    return decideForNode(node, this.#nodeRules, this.#pods, asked);
  }
}

function denied(user: UserInfo, asked: Attributes, reason: string, { nearest, remedy }: Nearest): StatusError {
  const words = `${denialWords(user, asked)}${reason === '' ? '' : `: ${reason}`}`;
  const causes = [
    { reason: 'NearestRule', message: nearest },
    { reason: 'WouldAllow', message: remedy },
  ];
  const details: Status['details'] = isResourceRequest(asked)
    ? { ...(asked.name && { name: asked.name }), ...(asked.group && { group: asked.group }), kind: asked.resource, causes }
    : { causes };
  const name = isResourceRequest(asked) && asked.name !== undefined ? ` "${asked.name}"` : '';
  const subject = isResourceRequest(asked) ? `${qualifiedResource(asked)}${name} is forbidden` : `forbidden`;
  return new StatusError(403, 'Forbidden', `${subject}: ${words}`, details);
}
