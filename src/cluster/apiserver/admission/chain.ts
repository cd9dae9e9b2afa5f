import { KeyedMutex } from '#kit';
import { PLUGINS } from './plugins.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest, AdmissionTarget } from './types.ts';

/** `--enable-admission-plugins`, `--disable-admission-plugins`. All of them are on where nothing is said. */
export interface AdmissionOptions {
  readonly disable?: readonly string[];
}

/** The plugins, in their order. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #mutex = new KeyedMutex();

  constructor(options: AdmissionOptions = {}, plugins: readonly AdmissionPlugin[] = PLUGINS) {
    this.#plugins = plugins.filter(({ name }) => !options.disable?.includes(name));
  }

  async mutate(context: AdmissionContext, request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#plugins) if (plugin.mutate && plugin.handles(request)) await plugin.mutate(context, request);
  }

  async validate(context: AdmissionContext, request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#plugins) if (plugin.validate && plugin.handles(request)) await plugin.validate(context, request);
  }

  /** Runs a write while no other goes on that counts against the same limits. */
  async hold<T>(context: AdmissionContext, target: AdmissionTarget, write: () => Promise<T>): Promise<T> {
    const keys = this.#plugins.flatMap((plugin) => plugin.holds?.(context, target) ?? []);
    return await keys.reduceRight<() => Promise<T>>((inner, key) => () => this.#mutex.run(key, inner), write)();
  }
}
