import type { Logger } from '#kit';
import type { HeldPorts } from './held-ports.ts';
import { changeOf, checkApart, checkPublished, clash, type PublishedChange, samePort } from './published.ts';
import type { Remembered } from './remembered.ts';
import type { PublishedPort } from './types.ts';

export interface PublicationParts {
  readonly held: HeldPorts;
  readonly remembered: Remembered;
  /** Brings the kernel to what is remembered. */
  readonly bring: () => Promise<void>;
  readonly logger: Logger;
}

/** The published ports: their sockets, then the rules of the kernel, all or none. */
export class Publications {
  readonly #parts: PublicationParts;

  constructor(parts: PublicationParts) {
    this.#parts = parts;
  }

  get #published(): readonly PublishedPort[] {
    return this.#parts.remembered.model.published;
  }

  async #set(published: readonly PublishedPort[]): Promise<void> {
    await this.#parts.remembered.change({ published });
    await this.#parts.bring();
  }

  async publish(ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    const { held } = this.#parts;
    ports.forEach(checkPublished);
    checkApart(ports);
    const real: PublishedPort[] = [];
    const before = this.#published;
    const fresh = () => real.filter((port) => !before.some((old) => samePort(old, port)));
    try {
      for (const port of ports) real.push(held.hold(port));
      await this.#set([...this.#published.filter((old) => !real.some((port) => samePort(old, port))), ...real]);
      return real;
    } catch (error) {
      for (const port of fresh()) held.release(port);
      await this.#set(this.#published.filter((port) => !fresh().includes(port)));
      throw error;
    }
  }

  async unpublish(owner: string): Promise<void> {
    const gone = this.#published.filter((port) => port.owner === owner);
    if (gone.length === 0) return;
    await this.#set(this.#published.filter((port) => port.owner !== owner));
    for (const port of gone) this.#parts.held.release(port);
  }

  async republish(owner: string, ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    const { held } = this.#parts;
    ports.forEach(checkPublished);
    checkApart(ports);
    const before = this.#published.filter((port) => port.owner === owner);
    const others = () => this.#published.filter((port) => port.owner !== owner);
    const change = changeOf(before, ports);
    if (change.gone.length === 0 && change.fresh.length === 0) return ports;
    const taken = this.#exchange(change);
    const real = [...change.kept, ...taken];
    try {
      await this.#set([...others(), ...real]);
    } catch (error) {
      for (const port of taken) held.release(port);
      for (const port of change.gone) this.holdAgain(port);
      await this.#set([...others(), ...before]);
      throw error;
    }
    for (const port of change.gone) held.release(port);
    return real;
  }

  /** Holds the fresh ports, and lets go before of those that stand in their way, in one go: nobody comes in between. All or none. */
  #exchange({ gone, fresh }: PublishedChange): PublishedPort[] {
    const { held } = this.#parts;
    const inTheWay = gone.filter((old) => fresh.some((port) => clash(old, port)));
    for (const port of inTheWay) held.release(port);
    const taken: PublishedPort[] = [];
    try {
      for (const port of fresh) taken.push(held.hold(port));
      return taken;
    } catch (error) {
      for (const port of taken) held.release(port);
      for (const port of inTheWay) this.holdAgain(port);
      throw error;
    }
  }

  /** Holds what is on record, as far as nobody else does by now. */
  holdAgain(port: PublishedPort): void {
    try {
      this.#parts.held.hold(port);
    } catch (error) {
      this.#parts.logger.warn('a published port is held by another program now', { port, error });
    }
  }
}
