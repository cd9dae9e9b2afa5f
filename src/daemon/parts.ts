import { type ApiServerPart, apiServerPart } from './apiserver-part.ts';
import { controllersPart, schedulerPart } from './control-plane-parts.ts';
import { writePlaces } from './places.ts';
import { registryPart } from './registry-part.ts';
import type { Part, PartOptions } from './types.ts';

export interface BuiltParts {
  /** In the order of their start. */
  readonly parts: readonly Part[];
  /** Writes the entries of the clients' files, once everything answers. */
  announce(): Promise<void>;
}

/** Wires the parts that the configuration names. What there will be to undo is remembered before anything is made. */
export async function buildParts(options: PartOptions): Promise<BuiltParts> {
  const { config } = options;
  await writePlaces(config);
  const registry = config.parts.has('registry') ? [registryPart(options)] : [];
  const apiServer = config.parts.has('apiserver') ? apiServerPart(options) : undefined;
  const cluster = apiServer === undefined ? [] : [apiServer, ...controlPlane(options, apiServer)];
  return {
    parts: [...registry, ...cluster],
    async announce() {
      await apiServer?.announce();
    },
  };
}

function controlPlane(options: PartOptions, apiServer: ApiServerPart): Part[] {
  const { parts } = options.config;
  return [...(parts.has('controllers') ? [controllersPart(options, apiServer)] : []), ...(parts.has('scheduler') ? [schedulerPart(options, apiServer)] : [])];
}
