import { type ApiRequest, type ApiResponse, badRequest, type UserInfo } from '#cluster/api';
import { methodNotAllowed, noSuchPath } from '../errors.ts';
import type { Attributes, Decision } from './authorize.ts';

interface AccessReview {
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
    readonly groups?: readonly string[];
  };
}

/** The resources that this file serves, for discovery. */
export const REVIEWS = [
  { group: 'authentication.k8s.io', resource: 'selfsubjectreviews', kind: 'SelfSubjectReview', namespaced: false },
  { group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview', namespaced: false },
  { group: 'authorization.k8s.io', resource: 'subjectaccessreviews', kind: 'SubjectAccessReview', namespaced: false },
  { group: 'authorization.k8s.io', resource: 'localsubjectaccessreviews', kind: 'LocalSubjectAccessReview', namespaced: true },
].map((row) => ({ ...row, version: 'v1', singular: row.kind.toLowerCase(), verbs: ['create'], shortNames: [], categories: [], subresources: [] }));

/** `kubectl auth can-i` and `whoami`: questions that are answered and not kept. Errors: 400, 404, 405. */
export function handleReview(request: ApiRequest, authorize: (user: UserInfo, asked: Attributes) => Decision): ApiResponse {
  const { resource, user } = request;
  const known = REVIEWS.find((one) => one.group === resource.group && one.resource === resource.resource && one.version === resource.version);
  if (!known) throw noSuchPath();
  if (request.verb !== 'create') throw methodNotAllowed(resource, request.verb);
  if (typeof request.body !== 'object' || request.body === null) throw badRequest(`Cannot answer a ${known.kind}: the body holds none`);
  // Read field by field below.
  const review = request.body as AccessReview;
  const answered =
    known.kind === 'SelfSubjectReview'
      ? { status: { userInfo: { username: user.name, groups: user.groups } } }
      : { status: decide(review, subjectOf(review, user, known.kind), authorize) };
  return {
    kind: 'object',
    status: 201,
    object: { ...review, apiVersion: `${known.group}/v1`, kind: known.kind, metadata: review.metadata ?? {}, ...answered },
  };
}

function subjectOf(review: AccessReview, user: UserInfo, kind: string): UserInfo {
  if (kind === 'SelfSubjectAccessReview') return user;
  const { user: name, groups = [] } = review.spec ?? {};
  if (!name && groups.length === 0) throw badRequest(`Cannot answer a ${kind}: at least one of spec.user and spec.groups must be given`);
  return { name: name ?? '', groups };
}

function decide(review: AccessReview, user: UserInfo, authorize: (user: UserInfo, asked: Attributes) => Decision): Decision {
  const { resourceAttributes: asked, nonResourceAttributes: path } = review.spec ?? {};
  if (!asked && !path) throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified');
  if (!asked) return { allowed: path?.verb === 'get' || user.groups.includes('system:masters'), reason: '' };
  return authorize(user, {
    verb: asked.verb ?? '*',
    group: asked.group ?? '',
    resource: asked.resource ?? '*',
    ...(asked.subresource ? { subresource: asked.subresource } : {}),
    ...(asked.namespace ? { namespace: asked.namespace } : {}),
    ...(asked.name ? { name: asked.name } : {}),
  });
}
