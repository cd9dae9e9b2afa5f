import {
  type ApiRequest,
  apiVersionOf,
  applyDefaults,
  badRequest,
  type Decoded,
  type DecodeOptions,
  decode,
  isPodPart,
  type KubeObject,
  withoutStatus,
  prepareForUpdate,
  StatusError,
  validateCreate,
  validateFinalizers,
  validatePodPart,
  validateStatusUpdate,
  validateUpdate,
  withPodPart,
} from '#cluster/api';
import { convert } from '../conversion/convert.ts';
import type { Served } from '../kinds.ts';

/** Does what follows the decoding; whom it is refused is told of what the decoding found, too. */
export async function alsoRefused<T>(warnings: readonly string[], what: () => Promise<T>): Promise<T> {
  try {
    return await what();
  } catch (error) {
    if (error instanceof StatusError) error.warnings = warnings;
    throw error;
  }
}

type BodyOf = Pick<ApiRequest, 'query' | 'body' | 'repeated'>;

/** The request's body (or what was made of it, on top of `known`) as an object of the resource, with what is to be warned of. Errors: 400. */
export function decodeBody(
  served: Pick<Served, 'info'>,
  { query, repeated = [], body: given }: BodyOf,
  body: unknown = given,
  how: Pick<DecodeOptions, 'known' | 'asWritten'> = {},
): Decoded {
  const fieldValidation = query.fieldValidation || 'Warn';
  if (fieldValidation !== 'Strict' && fieldValidation !== 'Warn' && fieldValidation !== 'Ignore') {
    throw badRequest(`Cannot use fieldValidation="${fieldValidation}": supported values: "Ignore", "Strict", "Warn"`);
  }
  const decoded = decode(served.info, body, { fieldValidation, repeated, ...how });
  return { ...decoded, object: { ...decoded.object, metadata: { ...decoded.object.metadata, ...(forgetsManagers(body) && { managedFields: [] }) } } };
}

/** An empty list is nothing but here, where it says something else than none. */
function forgetsManagers(body: unknown): boolean {
  const { managedFields } = (body as Partial<KubeObject> | undefined)?.metadata ?? {}; // it was decoded
  return Array.isArray(managedFields) && managedFields.length === 0;
}

/** What an apply made, as if it had been written so. */
export function settled(served: Served, object: KubeObject): KubeObject {
  return decode(served.info, object, { fieldValidation: 'Ignore' }).object;
}

/** A new object with its defaults, and without the status that only the cluster may say. */
export function withDefaults(served: Served, object: KubeObject): KubeObject {
  return applyDefaults(served.info, withoutStatus(served.info, object));
}

/** Errors: 422. */
export function checkNew(served: Served, object: KubeObject): void {
  validateCreate(served.info, object);
}

/** The object in the version that is stored. */
export function toStorage(served: Served, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(served.storage);
  return served.info.custom === undefined ? convert(object, apiVersion) : { ...object, apiVersion };
}

/** What is to stand in the place of `before`, with its defaults; of a subresource only that part changes. */
export function prepareChanged(served: Served, after: KubeObject, before: KubeObject, subresource: string | undefined): KubeObject {
  if (subresource === 'finalize') return withFinalizers(after, before);
  if (subresource === 'approval') return withConditions(after, before);
  if (isPodPart(subresource)) return prepareForUpdate(served.info, withPodPart(before, applyDefaults(served.info, after), subresource), before);
  if (subresource !== undefined) return prepareForUpdate(served.info, after, before, subresource);
  return prepareForUpdate(served.info, applyDefaults(served.info, after), before);
}

/** Of a subresource nothing is to be checked but its own part, an approval, and what a definition describes. Errors: 422. */
export function checkChanged(served: Served, after: KubeObject, before: KubeObject, subresource: string | undefined): void {
  if (subresource === 'status' && served.info.custom === undefined) return validateStatusUpdate(served.info, after, before);
  if (subresource === 'finalize') return validateFinalizers(served.info, after as KubeObject & { spec?: { finalizers?: readonly string[] } }); // decoded as a Namespace
  if (isPodPart(subresource)) return validatePodPart(after, before, subresource);
  if (subresource === undefined || subresource === 'approval' || served.info.custom !== undefined) validateUpdate(served.info, after, before);
}

interface WithSpec extends KubeObject {
  spec?: { finalizers?: unknown };
}

/** A namespace with other finalizers in its spec. */
function withFinalizers(after: WithSpec, before: WithSpec): KubeObject {
  const changed: WithSpec = { ...before, spec: { ...before.spec, finalizers: after.spec?.finalizers ?? [] } };
  return changed;
}

interface WithStatus extends KubeObject {
  status?: { conditions?: unknown };
}

/** A request for a certificate with other conditions, and with marks of its own. */
function withConditions(after: WithStatus, before: WithStatus): KubeObject {
  const changed: WithStatus = { ...before, metadata: after.metadata, status: { ...before.status, conditions: after.status?.conditions ?? [] } };
  return changed;
}
