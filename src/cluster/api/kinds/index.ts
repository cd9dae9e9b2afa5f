import type { ServedResource } from '../resources.ts';
import { ACCESS } from './access.ts';
import { CORE } from './core.ts';
import { DEVICES } from './devices.ts';
import { EXTENSION } from './extension.ts';
import { NETWORK } from './network.ts';
import { POLICY } from './policy.ts';
import { SCALE } from './scale.ts';
import { STORAGE } from './storage.ts';
import type { Strategy } from './strategy.ts';
import { WORKLOADS } from './workloads.ts';

/** Each family's kinds; no kind is in two of them. */
export const FAMILIES: readonly Readonly<Record<string, Strategy>>[] = [CORE, WORKLOADS, NETWORK, STORAGE, ACCESS, POLICY, DEVICES, EXTENSION, SCALE];
const BY_MODEL: Readonly<Record<string, Strategy>> = Object.assign({}, ...FAMILIES);
const PLAIN: Strategy = {};

/** What the kind of a resource has of its own; nothing where a CustomResourceDefinition describes it. */
export function strategyOf({ model }: Pick<ServedResource, 'model'>): Strategy {
  return BY_MODEL[model] ?? PLAIN;
}
