import type { KubeObject } from '#cluster/api';
import type { CacheEvent } from './cache-event.ts';

type Listener = (event: CacheEvent) => void;

/** The fields by which changes are handed out; a text that is not there is empty. */
const TEXT_OF = {
  'metadata.name': ({ metadata }: KubeObject) => metadata.name ?? '',
  // Pods alone are watched by it; what stands under their keys was decoded as Pods.
  'spec.nodeName': (object: KubeObject & { readonly spec?: { readonly nodeName?: string } }) => object.spec?.nodeName ?? '',
} as const;
export type IndexedField = keyof typeof TEXT_OF;

/** What a listener wants to hear of only: objects that have that text in the field, or had it before the change. */
export interface Interest {
  readonly field: IndexedField;
  readonly text: string;
}

export const isIndexed = (path: string): path is IndexedField => path in TEXT_OF;

/** Who hears of which changes. A thousand nodes that each watch their own Pods cost a change of one Pod no more than one does. */
export class Listeners {
  readonly #all = new Set<Listener>();
  readonly #byField = new Map<IndexedField, Map<string, Set<Listener>>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(listener: Listener, interest?: Interest): Disposable {
    const among = interest === undefined ? this.#all : this.#among(interest);
    among.add(listener);
    this.#size += 1;
    return {
      [Symbol.dispose]: () => {
        if (!among.delete(listener)) return;
        this.#size -= 1;
        if (interest === undefined || among.size > 0) return;
        const texts = this.#byField.get(interest.field);
        if (texts?.get(interest.text) === among) texts.delete(interest.text);
      },
    };
  }

  tell(event: CacheEvent): void {
    for (const listener of this.#all) listener(event);
    for (const [field, texts] of this.#byField) {
      if (texts.size === 0) continue;
      const now = TEXT_OF[field](event.object);
      const before = event.previous === undefined ? now : TEXT_OF[field](event.previous);
      for (const listener of texts.get(now) ?? []) listener(event);
      if (before !== now) for (const listener of texts.get(before) ?? []) listener(event);
    }
  }

  #among({ field, text }: Interest): Set<Listener> {
    const texts = this.#byField.get(field) ?? new Map<string, Set<Listener>>();
    this.#byField.set(field, texts);
    const among = texts.get(text) ?? new Set();
    texts.set(text, among);
    return among;
  }
}
