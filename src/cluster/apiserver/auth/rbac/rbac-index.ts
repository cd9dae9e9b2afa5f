import type { UserInfo } from '#cluster/api';
import type { PolicyRule } from './rules.ts';

export type SubjectKind = 'User' | 'Group' | 'ServiceAccount';
export interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly apiGroup?: string;
}
export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}
/** A RoleBinding (with a namespace) or a ClusterRoleBinding. */
export interface Binding {
  readonly kind: 'RoleBinding' | 'ClusterRoleBinding';
  readonly namespace: string | undefined;
  readonly name: string;
  readonly roleRef: RoleRef;
  readonly subjects: readonly Subject[];
}
/** A Role (with a namespace) or a ClusterRole. */
export interface Role {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Roles and bindings by who is bound: a decision looks at the asker's own bindings in the namespace and in the cluster, however many
 * others there are. It holds nothing but what `put…` was told.
 */
export class RbacIndex {
  readonly #roles = new Map<string, Role>();
  readonly #bindings = new Map<string, Binding>();
  /** By scope and subject; each role once, with the bindings that lead to it. */
  readonly #bySubject = new Map<string, Map<string, Binding[]>>();
  /** All scopes of a subject, for explanations. */
  readonly #scopes = new Map<string, Set<string>>();

  putRole(role: Role): void {
    this.#roles.set(roleKey(role.namespace, role.name), role);
  }

  removeRole(namespace: string | undefined, name: string): void {
    this.#roles.delete(roleKey(namespace, name));
  }

  putBinding(binding: Binding): void {
    this.removeBinding(binding.namespace, binding.name);
    this.#bindings.set(roleKey(binding.namespace, binding.name), binding);
    for (const subject of new Set(binding.subjects.map((one) => subjectKey(one, binding.namespace)))) this.#enter(subject, binding);
  }

  removeBinding(namespace: string | undefined, name: string): void {
    const key = roleKey(namespace, name);
    const old = this.#bindings.get(key);
    if (old === undefined) return;
    this.#bindings.delete(key);
    for (const subject of new Set(old.subjects.map((one) => subjectKey(one, old.namespace)))) this.#leave(subject, old);
  }

  /** The rules of the role that a binding names; undefined where there is no such role. */
  roleOf({ roleRef, namespace }: Pick<Binding, 'roleRef' | 'namespace'>): Role | undefined {
    return this.#roles.get(roleKey(roleRef.kind === 'ClusterRole' ? undefined : namespace, roleRef.name));
  }

  /** Bindings of the user that count in the namespace (undefined: the cluster's own only), the cluster's first; each role once. */
  *bindingsOf(user: UserInfo, namespace: string | undefined): Generator<Binding> {
    const scopes = namespace ? ['', namespace] : [''];
    for (const scope of scopes) {
      for (const subject of subjectKeys(user)) {
        const roles = this.#bySubject.get(scopeKey(scope, subject));
        if (roles === undefined) continue;
        for (const [first] of roles.values()) if (first !== undefined) yield first;
      }
    }
  }

  /** Every binding of the user, wherever it counts. */
  *everyBindingOf(user: UserInfo): Generator<Binding> {
    for (const subject of subjectKeys(user)) {
      for (const scope of this.#scopes.get(subject) ?? []) {
        for (const [first] of this.#bySubject.get(scopeKey(scope, subject))?.values() ?? []) if (first !== undefined) yield first;
      }
    }
  }

  clusterRole(name: string): Role | undefined {
    return this.#roles.get(roleKey(undefined, name));
  }

  #enter(subject: string, binding: Binding): void {
    const scope = binding.namespace ?? '';
    const key = scopeKey(scope, subject);
    const roles = this.#bySubject.get(key) ?? new Map<string, Binding[]>();
    this.#bySubject.set(key, roles);
    const role = refKey(binding);
    roles.set(role, [...(roles.get(role) ?? []), binding]);
    const scopes = this.#scopes.get(subject) ?? new Set();
    this.#scopes.set(subject, scopes.add(scope));
  }

  #leave(subject: string, binding: Binding): void {
    const scope = binding.namespace ?? '';
    const key = scopeKey(scope, subject);
    const roles = this.#bySubject.get(key);
    if (roles === undefined) return;
    const role = refKey(binding);
    const left = (roles.get(role) ?? []).filter((one) => one !== binding);
    if (left.length > 0) roles.set(role, left);
    else roles.delete(role);
    if (roles.size > 0) return;
    this.#bySubject.delete(key);
    const scopes = this.#scopes.get(subject);
    scopes?.delete(scope);
    if (scopes?.size === 0) this.#scopes.delete(subject);
  }
}

/** Which of the user's names a binding is about: `User "jane"`, `Group "dev"`. */
export function subjectOf(binding: Binding, user: UserInfo): string {
  const keys = new Set(subjectKeys(user));
  const found = binding.subjects.find((subject) => keys.has(subjectKey(subject, binding.namespace)));
  if (found === undefined) return 'nobody';
  return found.kind === 'ServiceAccount' ? `ServiceAccount "${found.name}/${found.namespace ?? binding.namespace ?? ''}"` : `${found.kind} "${found.name}"`;
}

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string | undefined): string {
  if (kind === 'Group') return `g:${name}`;
  return kind === 'ServiceAccount' ? `u:system:serviceaccount:${namespace ?? bindingNamespace ?? ''}:${name}` : `u:${name}`;
}

function subjectKeys(user: UserInfo): readonly string[] {
  return [`u:${user.name}`, ...user.groups.map((group) => `g:${group}`)];
}

const scopeKey = (scope: string, subject: string): string => `${scope}\n${subject}`;
const roleKey = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;
const refKey = ({ roleRef }: Binding): string => `${roleRef.kind}/${roleRef.name}`;
