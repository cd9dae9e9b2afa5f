import {
  apiVersionOf,
  applyDefaults,
  badRequest,
  type Decoded,
  decode,
  type KubeObject,
  prepareForCreate,
  prepareForUpdate,
  validateCreate,
  validateUpdate,
} from '#cluster/api';
import { convert } from '../conversion/convert.ts';
import type { Served } from '../kinds.ts';

/** The request's body as an object of the resource, with what is to be warned of. Errors: 400. */
export function decodeBody(served: Served, body: unknown, query: Readonly<Record<string, string>>): Decoded {
  const fieldValidation = query.fieldValidation || 'Warn';
  if (fieldValidation !== 'Strict' && fieldValidation !== 'Warn' && fieldValidation !== 'Ignore') {
    throw badRequest(`Cannot use fieldValidation="${fieldValidation}": supported values: "Ignore", "Strict", "Warn"`);
  }
  const decoded = decode(served.info, body, { fieldValidation });
  return { ...decoded, object: { ...decoded.object, metadata: { ...decoded.object.metadata } } };
}

/** Defaults, the server's own part (`admit`, which may change the object), validation: in this order. Errors: 422. */
export function completeNew(served: Served, object: KubeObject, admit: (object: KubeObject) => void): KubeObject {
  const prepared = prepareForCreate(served.info, applyDefaults(served.info, object));
  admit(prepared);
  validateCreate(served.info, prepared);
  return prepared;
}

/** The object in the version that is stored. */
export function toStorage(served: Served, object: KubeObject): KubeObject {
  return convert(object, apiVersionOf(served.storage));
}

/** The same for an object that stands in the place of `before`; of a status alone nothing is to be completed. */
export function completeChanged(
  served: Served,
  after: KubeObject,
  before: KubeObject,
  subresource: string | undefined,
  admit: (object: KubeObject) => void,
): KubeObject {
  if (subresource === 'finalize') return withFinalizers(after, before);
  if (subresource !== undefined) return prepareForUpdate(served.info, after, before, subresource);
  const completed = prepareForUpdate(served.info, applyDefaults(served.info, after), before);
  admit(completed);
  validateUpdate(served.info, completed, before);
  return completed;
}

interface WithSpec extends KubeObject {
  spec?: { finalizers?: unknown };
}

/** A namespace with other finalizers in its spec. */
function withFinalizers(after: WithSpec, before: WithSpec): KubeObject {
  const changed: WithSpec = { ...before, spec: { ...before.spec, finalizers: after.spec?.finalizers ?? [] } };
  return changed;
}
