import { copyOf } from '../copy.ts';
import { withDefaults } from '../custom/defaults.ts';
import { strategyOf } from '../kinds/index.ts';
import type { ServedResource } from '../resources.ts';
import type { KubeObject } from '../types.ts';

/** A copy of a decoded object with every default that its kind documents. */
export function applyDefaults(resource: ServedResource, object: KubeObject): KubeObject {
  // Its root is an object, and defaults make nothing else of it.
  if (resource.custom !== undefined) return resource.custom.hasDefaults ? (withDefaults(resource.custom.schema, object) as KubeObject) : object;
  const { setDefaults } = strategyOf(resource);
  if (setDefaults === undefined) return object;
  const copy = copyOf(object);
  setDefaults(copy);
  return copy;
}
