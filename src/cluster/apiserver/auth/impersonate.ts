import type { IncomingMessage } from 'node:http';
import { badRequest, type UserInfo } from '#cluster/api';
import { withAuthenticated } from './authenticate.ts';
import type { ResourceAttributes } from './attributes.ts';
import type { Authorizer } from './authorizer.ts';
import { accountGroups } from './tokens/service-account-tokens.ts';

const PREFIX = /^impersonate-/i;
const EXTRA = 'impersonate-extra-';
const AUTHENTICATION = 'authentication.k8s.io';

/** As whom somebody wants to act. */
export interface Impersonation {
  readonly name: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** The user in whose name the request is to be done: the asker, or whom he may act as. Errors: 400, 403 for each that he may not. */
export function impersonated(request: IncomingMessage, asker: UserInfo, authorizer: Authorizer): UserInfo {
  // Most ask for themselves, and taking all headers apart is not for nothing.
  if (!request.rawHeaders.some((name) => PREFIX.test(name))) return asker;
  const wanted = impersonationOf(request.headersDistinct);
  if (wanted === undefined) return asker;
  for (const asked of whatItTakes(wanted)) authorizer.require(asker, asked);
  const [, namespace] = ACCOUNT.exec(wanted.name) ?? [];
  const groups = wanted.groups.length > 0 || namespace === undefined ? wanted.groups : accountGroups(namespace);
  const user: UserInfo = {
    name: wanted.name,
    groups,
    ...(wanted.uid === undefined ? {} : { uid: wanted.uid }),
    ...(Object.keys(wanted.extra).length === 0 ? {} : { extra: wanted.extra }),
  };
  return user.name === 'system:anonymous' || groups.includes('system:unauthenticated') ? user : withAuthenticated(user);
}

const ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** What the headers say. Errors: 400 for groups and the like without a user. Pure. */
export function impersonationOf(headers: Readonly<Record<string, readonly string[] | undefined>>): Impersonation | undefined {
  const [name = ''] = headers['impersonate-user'] ?? [];
  const [uid] = headers['impersonate-uid'] ?? [];
  const groups = headers['impersonate-group'] ?? [];
  const extra = Object.fromEntries(
    Object.entries(headers).flatMap(([key, values]) => (key.startsWith(EXTRA) ? [[decodeKey(key.slice(EXTRA.length)), values ?? []]] : [])),
  );
  if (name !== '') return { name, uid, groups, extra };
  const given = [groups.length > 0 ? 'groups' : '', Object.keys(extra).length > 0 ? 'userextras' : '', uid === undefined ? '' : 'uid'].filter(
    (one) => one !== '',
  );
  if (given.length > 0) throw badRequest(`requested [${given.join(' ')}] without impersonating a user`);
  return undefined;
}

/** What one has to be allowed. Pure. */
function whatItTakes({ name, uid, groups, extra }: Impersonation): readonly ResourceAttributes[] {
  const [, namespace, account] = ACCOUNT.exec(name) ?? [];
  const verb = 'impersonate';
  const user: ResourceAttributes =
    namespace !== undefined && account !== undefined
      ? { verb, group: '', resource: 'serviceaccounts', namespace, name: account }
      : { verb, group: '', resource: 'users', name };
  return [
    user,
    ...groups.map((group) => ({ verb, group: '', resource: 'groups', name: group })),
    ...(uid === undefined ? [] : [{ verb, group: AUTHENTICATION, resource: 'uids', name: uid }]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({ verb, group: AUTHENTICATION, resource: 'userextras', subresource: key, name: value })),
    ),
  ];
}

/** Keys may be percent-encoded, since names of headers can't hold everything. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    // No encoding: it is meant as it stands.
    return key;
  }
}
