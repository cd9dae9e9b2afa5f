import type { Clock } from '#kit';
import {
  type AccessReview,
  type ApiRequest,
  type ApiResponse,
  badRequest,
  type KubeObject,
  trackUpdate,
  type UserInfo,
  type V1SelfSubjectRulesReview,
  type V1TokenReview,
  validateAccessReview,
} from '#cluster/api';
import { timestamp } from '../context.ts';
import { methodNotAllowed, noSuchPath } from '../errors.ts';
import type { Attributes } from './attributes.ts';
import type { Authenticator } from './authenticate.ts';
import type { Authorizer } from './authorizer.ts';
import { decodeBody } from '../verbs/shape.ts';
import { writerOf } from '../verbs/track.ts';

type Review = KubeObject & AccessReview & V1TokenReview & V1SelfSubjectRulesReview;
/** By what reviews are answered. */
export interface Access {
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator;
  readonly clock: Clock;
}

const AUTHENTICATION = 'authentication.k8s.io';
const AUTHORIZATION = 'authorization.k8s.io';

/** The resources that this file serves, for discovery. */
export const REVIEWS = [
  { group: AUTHENTICATION, resource: 'selfsubjectreviews', kind: 'SelfSubjectReview', namespaced: false },
  { group: AUTHENTICATION, resource: 'tokenreviews', kind: 'TokenReview', namespaced: false },
  { group: AUTHORIZATION, resource: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview', namespaced: false },
  { group: AUTHORIZATION, resource: 'selfsubjectrulesreviews', kind: 'SelfSubjectRulesReview', namespaced: false },
  { group: AUTHORIZATION, resource: 'subjectaccessreviews', kind: 'SubjectAccessReview', namespaced: false },
  { group: AUTHORIZATION, resource: 'localsubjectaccessreviews', kind: 'LocalSubjectAccessReview', namespaced: true },
].map((row) => ({ ...row, version: 'v1', singular: row.kind.toLowerCase(), verbs: ['create'], shortNames: [], categories: [], subresources: [] }));

/** Where an explanation of a denial starts to say what would allow it. */
export const REMEDY = '. To allow it: ';

/** `kubectl auth can-i` and `whoami`, and others' questions: answered and not kept. Errors: 400, 404, 405, 422. */
export function handleReview(request: ApiRequest, access: Access): ApiResponse {
  const { resource, namespace, user } = request;
  const known = REVIEWS.find((one) => one.group === resource.group && one.resource === resource.resource && one.version === resource.version);
  if (!known) throw noSuchPath();
  if (request.verb !== 'create') throw methodNotAllowed();
  const info = { ...known, listKind: `${known.kind}List`, model: `V1${known.kind}` };
  const { object, warnings } = decodeBody({ info }, request);
  settlePlace(object, namespace);
  if (known.kind === 'SelfSubjectReview') {
    const metadata = { creationTimestamp: timestamp(access.clock) };
    return { kind: 'object', status: 201, object: { ...object, metadata, status: { userInfo: userInfoOf(user) } }, warnings };
  }
  // Of its model; a spec that is missing says nothing.
  const asked = { ...object, spec: (object as Partial<Review>).spec ?? {} } as Review;
  const isOfRules = known.kind === 'SelfSubjectRulesReview';
  const tracked = isOfRules ? asked : trackUpdate(info, undefined, asked, { ...writerOf(request), time: timestamp(access.clock) });
  const status = answer(known.kind, asked, user, access);
  return { kind: 'object', status: 201, object: { ...tracked, ...(isOfRules && { spec: {} }), status }, warnings };
}

/** Only what is asked in a namespace lies in one. Errors: 400. */
function settlePlace({ metadata }: KubeObject, namespace: string | undefined): void {
  if (namespace === undefined) delete metadata.namespace;
  else if ((metadata.namespace ?? namespace) === namespace) metadata.namespace = namespace;
  else throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

function answer(kind: string, review: Review, user: UserInfo, access: Access): object {
  switch (kind) {
    case 'TokenReview':
      return reviewToken(review, access.authenticator);
    case 'SelfSubjectRulesReview':
      return reviewRules(review, user, access.authorizer);
    case 'SelfSubjectAccessReview':
    case 'LocalSubjectAccessReview':
    case 'SubjectAccessReview':
      validateAccessReview(kind, review);
      return reviewAccess(review, kind === 'SelfSubjectAccessReview' ? user : subjectOf(review), access.authorizer);
    default:
      throw noSuchPath();
  }
}

function userInfoOf({ name, uid, groups, extra }: UserInfo): object {
  return { username: name, ...(uid === undefined ? {} : { uid }), groups, ...(extra === undefined ? {} : { extra }) };
}

function subjectOf({ spec: { user: name = '', groups = [], uid, extra } }: Review): UserInfo {
  return { name, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
}

function reviewAccess(review: Review, user: UserInfo, authorizer: Authorizer): object {
  const asked = attributesOf(review);
  const { allowed, reason } = authorizer.authorize(user, asked);
  if (allowed) return { allowed, reason };
  const { nearest, remedy } = authorizer.explain(user, asked);
  return { allowed, reason: `${reason === '' ? nearest : reason}${REMEDY}${remedy}` };
}

function attributesOf({ spec }: Review): Attributes {
  const { resourceAttributes: asked, nonResourceAttributes: path } = spec;
  if (asked === undefined) return { verb: path?.verb ?? '', path: path?.path ?? '' };
  return {
    verb: asked.verb ?? '',
    group: asked.group ?? '',
    resource: asked.resource ?? '',
    ...(asked.subresource ? { subresource: asked.subresource } : {}),
    ...(asked.namespace ? { namespace: asked.namespace } : {}),
    ...(asked.name ? { name: asked.name } : {}),
  };
}

function reviewRules({ spec }: Review, user: UserInfo, authorizer: Authorizer): object {
  if (!spec.namespace) throw badRequest('no namespace on request');
  const rules = authorizer.rulesFor(user, spec.namespace);
  return {
    resourceRules: rules.filter(({ resources }) => resources !== undefined).map(({ nonResourceURLs: _, ...rule }) => rule),
    nonResourceRules: rules.flatMap(({ verbs, nonResourceURLs }) => (nonResourceURLs === undefined ? [] : [{ verbs, nonResourceURLs }])),
    // A node's rights hang on what runs there, and are no list.
    incomplete: user.groups.includes('system:nodes'),
  };
}

function reviewToken({ spec }: Review, authenticator: Authenticator): object {
  if (!spec.token) throw badRequest('token is required for TokenReview in authentication');
  const found = authenticator.verify(spec.token, spec.audiences && spec.audiences.length > 0 ? spec.audiences : undefined);
  if ('problem' in found) return { user: {}, error: `[invalid bearer token, ${found.problem}]` };
  return { authenticated: true, user: userInfoOf(found.user), audiences: found.audiences };
}
