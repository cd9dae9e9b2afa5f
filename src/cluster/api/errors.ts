import { GantryError } from '#kit';
import type { Status, StatusCause } from './types.ts';

/** An error in Kubernetes' own shape. `status.reason` is the code: NotFound, AlreadyExists, Conflict, Invalid, … */
export class StatusError extends GantryError {
  readonly body: Status;
  /** What the client is told besides. */
  warnings: readonly string[] = [];

  constructor(code: number, reason: string, message: string, details?: Status['details'], options: { cause?: unknown; metadata?: Status['metadata'] } = {}) {
    const { metadata = {}, ...rest } = options;
    super(reason, code, message, rest);
    const about = details === undefined ? {} : { details: withoutEmpty(details) };
    this.body = { kind: 'Status', apiVersion: 'v1', metadata, status: 'Failure', message, ...(reason === '' ? {} : { reason }), ...about, code };
  }
}

/** What has no name, or belongs to the group without one, says nothing of it. */
function withoutEmpty({ name = '', group = '', ...rest }: NonNullable<Status['details']>): NonNullable<Status['details']> {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), ...rest };
}

interface Named {
  readonly group: string;
  readonly resource: string;
}
/** What a Status says of its object: what is empty is left out. */
function detailsOf(name: string, group: string, kind: string, causes: readonly StatusCause[] = []): Status['details'] {
  return { ...(name && { name }), ...(group && { group }), ...(kind && { kind }), ...(causes.length > 0 && { causes }) };
}
const qualified = ({ group, resource }: Named) => (group === '' ? resource : `${resource}.${group}`);

/** 404: there is no such object. */
export function notFound(resource: Named, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(name, resource.group, resource.resource));
}
/** 409: a create met an object of that name. */
export function alreadyExists(resource: Named, name: string): StatusError {
  return new StatusError(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, detailsOf(name, resource.group, resource.resource));
}
/** 409: the object changed since it was read. */
export function conflict(resource: Named, name: string, why: string): StatusError {
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    detailsOf(name, resource.group, resource.resource),
  );
}
/** 422: fields are wrong; one cause each. */
export function invalid(kind: string, group: string, name: string, causes: readonly StatusCause[]): StatusError {
  // The same said twice is told once; its causes stay two.
  const list = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))];
  const words = list.length === 1 ? list[0] : `[${list.join(', ')}]`;
  const qualifiedKind = group === '' ? kind : `${kind}.${group}`;
  return new StatusError(422, 'Invalid', `${qualifiedKind} "${name}" is invalid: ${words}`, detailsOf(name, group, kind, causes));
}
/** 500: what Kubernetes takes for a fault of its own, without a reason: a value that none of its checks foresaw. */
export function unforeseen(message: string): StatusError {
  return new StatusError(500, '', message);
}
/** 400: the request itself can't be understood. */
export function badRequest(message: string, details?: Status['details']): StatusError {
  return new StatusError(400, 'BadRequest', message, details);
}
/** 403: the user may not. */
export function forbidden(resource: Named, name: string, why: string, causes?: readonly StatusCause[]): StatusError {
  const words = `${qualified(resource)}${name === '' ? '' : ` "${name}"`} is forbidden: ${why}`;
  return new StatusError(403, 'Forbidden', words, detailsOf(name, resource.group, resource.resource, causes));
}
/** 410: the wanted revision is no longer kept. */
export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message);
}
