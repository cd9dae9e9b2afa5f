import {
  type ApiRequest,
  type ApiResponse,
  badRequest,
  conflict,
  forbidden,
  invalid,
  type KubeObject,
  notFound,
  type StatusCause,
  type V1Pod,
} from '#cluster/api';
import { nodeOfUser } from '../node/node-authorizer.ts';
import { objectKey } from '../../cache/keys.ts';
import { type Context, timestamp } from '../../context.ts';
import type { TokenWish } from './service-account-tokens.ts';

interface BoundObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
}
interface TokenRequest {
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly uid?: string };
  readonly spec?: {
    readonly audiences?: readonly string[];
    readonly expirationSeconds?: number;
    readonly boundObjectRef?: BoundObject | null;
  };
}
type Bound = Pick<TokenWish, 'pod' | 'secret' | 'node'>;

const LIFETIME_S = 3600;
const LIFETIME_MIN_S = 600;
const LIFETIME_MAX_S = 2 ** 32;
const GROUP = 'authentication.k8s.io';

/** POST to `serviceaccounts/NAME/token` (authentication.k8s.io/v1 TokenRequest). Errors: 400, 404, 409, 422. */
export function createToken(context: Context, request: ApiRequest): ApiResponse {
  const { namespace = '', name = '' } = request;
  if (typeof request.body !== 'object' || request.body === null) throw badRequest('Cannot issue a token: the body holds no TokenRequest');
  // Read field by field below.
  const { spec = {}, metadata = {} } = request.body as TokenRequest;
  const account = context.cache.get(objectKey({ group: '', resource: 'serviceaccounts' }, namespace, name));
  if (account === undefined) throw notFound({ group: '', resource: 'serviceaccounts' }, name);
  checkIdentity(metadata, account);
  requireOwnPod(context, request, spec.boundObjectRef ?? undefined);
  const lifetime_s = lifetimeOf(spec.expirationSeconds);
  const audiences = spec.audiences && spec.audiences.length > 0 ? spec.audiences : context.tokens.audiences;
  const bound = spec.boundObjectRef ? boundObject(context, account, spec.boundObjectRef) : {};
  const token = context.tokens.issue({ account, audiences, lifetime_s, ...bound });
  const object = {
    kind: 'TokenRequest',
    apiVersion: `${GROUP}/v1`,
    metadata: { name, namespace, uid: account.metadata.uid, creationTimestamp: timestamp(context.clock) },
    spec: { audiences, expirationSeconds: lifetime_s, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token, expirationTimestamp: timestamp(context.clock, lifetime_s * 1000) },
  };
  return { kind: 'object', status: 201, object };
}

/** A node gets tokens for its Pods only. Errors: 403. */
function requireOwnPod({ cache }: Context, { user, namespace = '', name = '' }: ApiRequest, ref: BoundObject | undefined): void {
  const node = nodeOfUser(user);
  if (node === undefined) return;
  const refuse = (why: string): never => {
    throw forbidden({ group: '', resource: 'serviceaccounts' }, name, why);
  };
  if (ref?.kind !== 'Pod') refuse(`node "${node}" can only request tokens that are bound to a pod`);
  if (!ref?.uid) refuse('node requested token with a pod binding without a uid');
  // What stands under a Pod's key is one.
  const pod = cache.get(objectKey({ group: '', resource: 'pods' }, namespace, ref?.name ?? '')) as V1Pod | undefined;
  if (pod !== undefined && pod.spec?.nodeName !== node) refuse(`node "${node}" requested token bound to a pod scheduled on a different node`);
}

function checkIdentity({ name, namespace, uid }: NonNullable<TokenRequest['metadata']>, { metadata }: KubeObject): void {
  const causes: StatusCause[] = [];
  const differs = (field: string, value: string) =>
    causes.push({
      reason: 'FieldValueInvalid',
      field: `metadata.${field}`,
      message: `Invalid value: "${value}": must match the service account ${field} if specified`,
    });
  if (name && name !== metadata.name) differs('name', name);
  if (namespace && namespace !== metadata.namespace) differs('namespace', namespace);
  if (causes.length > 0) throw invalid('TokenRequest', GROUP, metadata.name ?? '', causes);
  if (uid && uid !== metadata.uid)
    throw conflict(
      { group: GROUP, resource: 'TokenRequest' },
      metadata.name ?? '',
      `the UID in the token request (${uid}) does not match the UID of the service account (${metadata.uid})`,
    );
}

function lifetimeOf(asked: number | undefined): number {
  const refuse = (why: string): never => {
    throw invalid('TokenRequest', GROUP, '', [{ reason: 'FieldValueInvalid', field: 'spec.expirationSeconds', message: `Invalid value: ${asked}: ${why}` }]);
  };
  const lifetime_s = asked ?? LIFETIME_S;
  if (!Number.isInteger(lifetime_s)) refuse('must be a whole number of seconds');
  if (lifetime_s < LIFETIME_MIN_S) refuse('may not specify a duration less than 10 minutes');
  if (lifetime_s > LIFETIME_MAX_S) refuse('may not specify a duration larger than 2^32 seconds');
  return lifetime_s;
}

/** The object that the token is to die with; of a Pod also its node, for those who read the token. */
function boundObject(context: Context, account: KubeObject, ref: BoundObject): Bound {
  const { namespace = '' } = account.metadata;
  const { apiVersion = 'v1', kind = '', name = '' } = ref;
  const resource = apiVersion === 'v1' ? ({ Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const)[kind] : undefined;
  if (resource === undefined) throw badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind}`);
  const find = (what: string, at: string | undefined, called: string) => context.cache.get(objectKey({ group: '', resource: what }, at, called));
  const object = find(resource, resource === 'nodes' ? undefined : namespace, name);
  if (object === undefined) throw notFound({ group: '', resource }, name);
  if (ref.uid && ref.uid !== object.metadata.uid)
    throw conflict(
      { group: '', resource },
      name,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (resource === 'secrets') return { secret: object };
  if (resource === 'nodes') return { node: object };
  // What stands under a Pod's key is one.
  const { spec } = object as V1Pod;
  if (spec?.serviceAccountName !== account.metadata.name)
    throw badRequest(`cannot bind token for serviceaccount "${account.metadata.name}" to pod running with different serviceaccount name.`);
  const node = spec?.nodeName ? find('nodes', undefined, spec.nodeName) : undefined;
  return { pod: object, ...(node === undefined ? {} : { node }) };
}
