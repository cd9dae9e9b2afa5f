import { type ApiRequest, type ApiResponse, badRequest, type UserInfo } from '#cluster/api';
import { methodNotAllowed, noSuchPath } from '../errors.ts';
import type { Attributes } from './attributes.ts';
import type { Authenticator } from './authenticate.ts';
import type { Authorizer } from './authorizer.ts';

interface Extra {
  readonly [key: string]: readonly string[];
}
interface Review {
  readonly metadata?: object;
  readonly spec?: {
    readonly resourceAttributes?: {
      readonly verb?: string;
      readonly group?: string;
      readonly resource?: string;
      readonly subresource?: string;
      readonly namespace?: string;
      readonly name?: string;
    };
    readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
    readonly user?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Extra;
    /** Of a SelfSubjectRulesReview. */
    readonly namespace?: string;
    /** Of a TokenReview. */
    readonly token?: string;
    readonly audiences?: readonly string[];
  };
}
/** By what reviews are answered. */
export interface Access {
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator;
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

/** `kubectl auth can-i` and `whoami`, and others' questions: answered and not kept. Errors: 400, 404, 405. */
export function handleReview(request: ApiRequest, access: Access): ApiResponse {
  const { resource } = request;
  const known = REVIEWS.find((one) => one.group === resource.group && one.resource === resource.resource && one.version === resource.version);
  if (!known) throw noSuchPath();
  if (request.verb !== 'create') throw methodNotAllowed();
  if (typeof request.body !== 'object' || request.body === null) throw badRequest(`Cannot answer a ${known.kind}: the body holds none`);
  // Read field by field below.
  const review = request.body as Review;
  const { spec, metadata } = review;
  const object = {
    apiVersion: `${known.group}/v1`,
    kind: known.kind,
    metadata: metadata ?? {},
    ...(spec === undefined ? {} : { spec }),
    status: answer(known.kind, review, request, access),
  };
  return { kind: 'object', status: 201, object };
}

function answer(kind: string, review: Review, { user, namespace }: ApiRequest, access: Access): object {
  switch (kind) {
    case 'SelfSubjectReview':
      return { userInfo: userInfoOf(user) };
    case 'TokenReview':
      return reviewToken(review, access.authenticator);
    case 'SelfSubjectRulesReview':
      return reviewRules(review, user, access.authorizer);
    case 'SelfSubjectAccessReview':
      return reviewAccess(review, user, access.authorizer);
    case 'LocalSubjectAccessReview':
      checkPlace(review, namespace ?? '');
      return reviewAccess(review, subjectOf(review, kind), access.authorizer);
    default:
      return reviewAccess(review, subjectOf(review, kind), access.authorizer);
  }
}

function userInfoOf({ name, uid, groups, extra }: UserInfo): object {
  return { username: name, ...(uid === undefined ? {} : { uid }), groups, ...(extra === undefined ? {} : { extra }) };
}

function subjectOf({ spec = {} }: Review, kind: string): UserInfo {
  const { user: name = '', groups = [], uid, extra } = spec;
  if (name === '' && groups.length === 0) throw badRequest(`Cannot answer a ${kind}: at least one of spec.user and spec.groups must be given`);
  return { name, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
}

function checkPlace({ spec }: Review, namespace: string): void {
  const asked = spec?.resourceAttributes;
  if (asked === undefined) throw badRequest('Cannot answer a LocalSubjectAccessReview: spec.resourceAttributes is required');
  if (asked.namespace !== namespace)
    throw badRequest(`spec.resourceAttributes.namespace must match namespace: "${asked.namespace ?? ''}" was given, the request is for "${namespace}"`);
}

function reviewAccess(review: Review, user: UserInfo, authorizer: Authorizer): object {
  const asked = attributesOf(review);
  const { allowed, reason } = authorizer.authorize(user, asked);
  if (allowed) return { allowed, reason };
  const { nearest, remedy } = authorizer.explain(user, asked);
  return { allowed, reason: `${reason === '' ? nearest : reason}${REMEDY}${remedy}` };
}

function attributesOf({ spec = {} }: Review): Attributes {
  const { resourceAttributes: asked, nonResourceAttributes: path } = spec;
  if ((asked === undefined) === (path === undefined)) throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified');
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
  const rules = authorizer.rulesFor(user, spec?.namespace ?? '');
  return {
    resourceRules: rules.filter(({ resources }) => resources !== undefined).map(({ nonResourceURLs: _, ...rule }) => rule),
    nonResourceRules: rules.flatMap(({ verbs, nonResourceURLs }) => (nonResourceURLs === undefined ? [] : [{ verbs, nonResourceURLs }])),
    // A node's rights hang on what runs there, and are no list.
    incomplete: user.groups.includes('system:nodes'),
  };
}

function reviewToken({ spec = {} }: Review, authenticator: Authenticator): object {
  if (!spec.token) throw badRequest('token is required for TokenReview in authentication');
  const found = authenticator.verify(spec.token, spec.audiences && spec.audiences.length > 0 ? spec.audiences : undefined);
  if ('problem' in found) return { authenticated: false, user: {}, error: `[invalid bearer token, ${found.problem}]` };
  return { authenticated: true, user: userInfoOf(found.user), ...(spec.audiences ? { audiences: found.audiences } : {}) };
}
