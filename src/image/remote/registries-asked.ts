import type { Clock, Random } from '#kit';
import type { RegistriesConfig } from '../registries.ts';
import type { Descriptor, FetchedArtifact, FoundImages, Image, Reference, RemoteImage, TransferOptions } from '../types.ts';
import { type ArtifactParts, fetchArtifact } from './artifact.ts';
import { inspectRemote } from './inspect.ts';
import { checkLogin } from './login.ts';
import { pullImage, type PullParts } from './pull.ts';
import { pushImage, type Pushed, type PushParts } from './push.ts';
import { searchRegistries } from './search.ts';
import { type RemoteOptions, RegistrySessions } from './session.ts';
import { listTags } from './tags.ts';

type Asking = Pick<TransferOptions, 'auth' | 'signal'>;

/** Everything that is asked of registries, over the same connections. Loaded when the first one is. */
export class RegistriesAsked implements Disposable {
  readonly #sessions: RegistrySessions;
  readonly #registries: RegistriesConfig;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }, registries: RegistriesConfig, options: RemoteOptions | undefined) {
    this.#sessions = new RegistrySessions(clock, random, options);
    this.#registries = registries;
  }

  get #own() {
    return { sessions: this.#sessions, registries: this.#registries };
  }

  pull(parts: Omit<PullParts, 'sessions' | 'registries'>, reference: Reference, options: TransferOptions): Promise<Image> {
    return pullImage({ ...parts, ...this.#own }, reference, options);
  }

  push(parts: Omit<PushParts, 'sessions' | 'registries'>, image: Pushed, reference: Reference, options: TransferOptions): Promise<Descriptor> {
    return pushImage({ ...parts, ...this.#own }, image, reference, options);
  }

  fetchArtifact(
    parts: Pick<ArtifactParts, 'content' | 'fresh'>,
    reference: Reference,
    configType: string,
    options: Asking,
  ): Promise<FetchedArtifact | undefined> {
    return fetchArtifact({ ...parts, ...this.#own }, reference, configType, options);
  }

  login(registry: string, options: Asking): Promise<void> {
    return checkLogin(this.#sessions, this.#registries, registry, options);
  }

  inspect(reference: Reference, options: Asking): Promise<RemoteImage> {
    return inspectRemote(this.#sessions, this.#registries, reference, options);
  }

  tagsOf(reference: Reference, options: Asking): Promise<readonly string[]> {
    return listTags(this.#sessions, this.#registries, reference, options);
  }

  search(term: string, options: Asking): Promise<FoundImages> {
    return searchRegistries(this.#sessions, this.#registries, term, options);
  }

  [Symbol.dispose](): void {
    this.#sessions.close();
  }
}
