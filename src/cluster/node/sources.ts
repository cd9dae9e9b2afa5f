import type { KubeObject, V1ConfigMap, V1Secret } from '#cluster/api';
import { type ClusterClient, CONFIG_MAPS, createInformer, type Informer, isStatus, SECRETS } from '#cluster/client';
import type { Clock, Logger, Random } from '#kit';
import type { Sources } from './process/environment.ts';
import { PodTokens } from './tokens.ts';

type Kind = 'configMap' | 'secret';
interface Followed {
  readonly informer: Informer<KubeObject>;
  readonly listeners: Set<() => void>;
}

/** ConfigMaps and Secrets, asked for by name and followed while a volume shows them, and the tokens of Pods. A node reads only those that its Pods name. */
export class ObjectSources {
  readonly #client: ClusterClient;
  readonly #options: { readonly clock: Clock; readonly logger: Logger; readonly random: Random };
  readonly #followed = new Map<string, Followed>();
  readonly #tokens: PodTokens;

  constructor(client: ClusterClient, options: { readonly clock: Clock; readonly logger: Logger; readonly random: Random }) {
    this.#client = client;
    this.#options = options;
    this.#tokens = new PodTokens(client, options);
  }

  /** The objects of one namespace. */
  of(namespace: string): Sources {
    return {
      configMap: (name) => missingIsUndefined(this.#client.resource<V1ConfigMap>(CONFIG_MAPS).get(name, namespace)),
      secret: (name) => missingIsUndefined(this.#client.resource<V1Secret>(SECRETS).get(name, namespace)),
      token: (pod, wish) => this.#tokens.token(pod, wish),
    };
  }

  /** Calls `listener` whenever the object changes, until disposed. */
  follow(kind: Kind, namespace: string, name: string, listener: () => void): Disposable {
    const key = `${kind}/${namespace}/${name}`;
    const followed = this.#followed.get(key) ?? this.#open(key, kind, namespace, name);
    followed.listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        followed.listeners.delete(listener);
        if (followed.listeners.size > 0 || this.#followed.get(key) !== followed) return;
        this.#followed.delete(key);
        void followed.informer.stop();
      },
    };
  }

  /** Calls `listener` whenever a token of the Pod is to be renewed, until disposed. */
  followTokens(podUid: string, listener: () => void): Disposable {
    return this.#tokens.follow(podUid, listener);
  }

  async stop(): Promise<void> {
    this.#tokens.stop();
    await Promise.all([...this.#followed.values()].map(({ informer }) => informer.stop()));
    this.#followed.clear();
  }

  #open(key: string, kind: Kind, namespace: string, name: string): Followed {
    const ref = kind === 'configMap' ? CONFIG_MAPS : SECRETS;
    const informer = createInformer(this.#client, ref, { ...this.#options, namespace, fieldSelector: `metadata.name=${name}` });
    const followed: Followed = { informer, listeners: new Set() };
    informer.onChange(() => {
      for (const listener of followed.listeners) listener();
    });
    // Rejects only when it is stopped.
    informer.start().catch(() => undefined);
    this.#followed.set(key, followed);
    return followed;
  }
}

async function missingIsUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined;
    throw error;
  }
}
