import { type ResourceInfo, type ResourceRef, StatusError } from '#cluster/api';

export class NoSuchPathError extends StatusError {}
/** 401: who asks is not known. */
export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized');
}
/** 404: the path names nothing that is served. */
export function noSuchPath(): NoSuchPathError {
  return new NoSuchPathError(404, 'NotFound', 'the server could not find the requested resource', {});
}
/** 405: the resource is there, but not for this. */
export function methodNotAllowed(): StatusError {
  return new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}
/** 406: none of the forms that the Accept header names can be given. */
export function notAcceptable(offered: readonly string[]): StatusError {
  return new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${offered.join(', ')}`);
}
/** 406: the answer can not be given in that form. */
export function formNotAcceptable(words: string): StatusError {
  return new StatusError(406, 'NotAcceptable', words);
}
/** 413: the body is larger than the server takes. */
export function bodyTooLarge(limit_bytes: number): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit_bytes}`);
}
/** 415: the body is in a form that the server does not read. */
export function unsupportedMediaType(given: string, accepted: readonly string[]): StatusError {
  return new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')} (given: ${given || 'none'})`,
  );
}
/** 400: a create whose generated names all stood already. */
export function namesExhausted(resource: ResourceRef, generateName: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${qualifiedResource(resource)} with generateName "${generateName}" already exists: the generated names were taken, try again`,
    { group: resource.group, kind: resource.resource },
  );
}
/** 503: the node that the Pod runs on can't be asked. */
export function nodeUnreachable(node: string, what: string): StatusError {
  return new StatusError(
    503,
    'ServiceUnavailable',
    `Cannot ${what}: node "${node}" is not connected to this API server; see whether its agent runs (kubectl get node ${node})`,
  );
}
/** 504: the wanted revision has not come yet. */
export function revisionTooLarge(wanted: number, current: number): StatusError {
  return new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    retryAfterSeconds: 1,
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
  });
}
/** 410: a list can't go on as it began, but with this token it goes on with what there is now. */
export function continueExpired(token: string): StatusError {
  const words =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use ' +
    'the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - ' +
    'objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';
  return new StatusError(410, 'Expired', words, undefined, { metadata: { continue: token } });
}
/** 500: the server's own fault; the cause is logged, the words go to the client. */
export function internalError(cause: unknown): StatusError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new StatusError(500, 'InternalError', `Internal error occurred: ${words}`, { causes: [{ reason: 'InternalError', message: words }] }, { cause });
}
/** 429: a PodDisruptionBudget forbids the eviction now. */
export function evictionRefused(why: string): StatusError {
  return new StatusError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message: why }],
  });
}

/** 429: the server has as much to do as it takes on at a time (kube-apiserver's words). */
export function tooManyRequests(): StatusError {
  return new StatusError(429, 'TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds: 1 });
}
/** 504: the answer was not there in time. */
export function requestTimedOut(): StatusError {
  return new StatusError(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout');
}
/** 400: `timeout` of the query is no duration. */
export function invalidTimeout(text: string): StatusError {
  return new StatusError(400, 'BadRequest', `invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text)}`);
}

export function qualifiedResource(resource: Pick<ResourceInfo, 'group' | 'resource'>): string {
  return resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`;
}
