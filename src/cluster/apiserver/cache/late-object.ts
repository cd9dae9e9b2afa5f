import type { KubeObject } from '#cluster/api';
import type { LateBytes } from '#cluster/store';
import { storedText } from './bytes.ts';

/** An object in a store that lives in memory: held as the object that readers share, its bytes made for the few who want those. */
export class LateObject implements LateBytes {
  #object: KubeObject;

  constructor(object: KubeObject) {
    this.#object = object;
  }

  get bytes(): Uint8Array {
    return storedText(this.#object);
  }

  get object(): KubeObject {
    return this.#object;
  }

  /** The same one, frozen and with what it shares with others: the one that was put holds more. */
  becomes(stored: KubeObject): KubeObject {
    this.#object = stored;
    return stored;
  }
}
