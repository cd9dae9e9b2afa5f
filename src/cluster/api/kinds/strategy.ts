import type { Column } from '../table/column.ts';
import type { KubeObject } from '../types.ts';
import type { FieldErrors } from '../validation/field-errors.ts';

/**
 * What a kind has of its own beyond its model: each step of a write asks for one of these. Objects were decoded by the kind's
 * model, so they have its shape; content that is required may still be missing before `validate` has spoken.
 */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** Whether its changes are counted as generations: those of the spec, or what this says. */
  readonly counted?: true | ((now: T, old: T) => boolean);
  /** Whether the maker brings the status, though it has a subresource. */
  readonly bringsStatus?: true;
  /** Fills in the documented defaults; the object is a copy. */
  readonly setDefaults?: (object: T) => void;
  /** What a create sets whatever the request says; the object and its metadata are copies, what is deeper is shared; a status is gone already. */
  readonly prepareCreate?: (object: T) => void;
  /** What an update keeps or sets whatever the request says; copies as above; the status is that of `old`. */
  readonly prepareUpdate?: (object: T, old: T) => void;
  /** What an update of its status alone keeps or sets besides; its metadata and its status are copies. */
  readonly prepareStatusUpdate?: (object: T, old: T) => void;
  /** Names that are no DNS subdomain. */
  readonly validateName?: (errors: FieldErrors, field: string, name: string) => void;
  /** The rules of its fields; `old` is what stands there in an update. */
  readonly validate?: (errors: FieldErrors, object: T, old?: T) => void;
  /** The rules of an update of its status alone. */
  readonly validateStatus?: (errors: FieldErrors, object: T, old: T) => void;
  /** What its writer should know, though it was taken; `old` is what stood there before an update. */
  readonly warnings?: (object: T, old?: T) => readonly string[];
  /** The columns of a Table; without them Name and Age. */
  readonly columns?: readonly Column[];
}

/** A strategy for the registry, where the type of the object is known by the model's name only. */
export function strategy<T extends KubeObject>(of: Strategy<T>): Strategy {
  // The registry's key names the model that every object was decoded by.
  return of as unknown as Strategy;
}
