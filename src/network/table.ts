import { KeyedMutex } from '#kit';
import type { Nftables } from '#linux';
import { diff } from './rules/diff.ts';
import { fromKernel } from './rules/kernel.ts';
import { EMPTY, type RuleSet } from './rules/rule-set.ts';

/** The one nftables table of the daemon, and what is known to be in it. */
export class Table {
  readonly #nftables: Nftables;
  readonly name: string;
  readonly #mutex = new KeyedMutex();
  #current: RuleSet = EMPTY;

  constructor(nftables: Nftables, daemonId: string) {
    this.#nftables = nftables;
    this.name = `gantry_${daemonId}`;
  }

  /** Looks at what the kernel has. */
  async read(): Promise<void> {
    this.#current = fromKernel(await this.#nftables.list('inet', this.name));
  }

  /**
   * Brings the kernel to what `wanted` says when its turn comes: callers that wait meanwhile share one transaction. After a
   * failure the kernel is looked at again before the next.
   */
  async bring(wanted: () => RuleSet): Promise<void> {
    await this.#mutex.run('', async () => {
      const next = wanted();
      const commands = diff(`inet ${this.name}`, this.#current, next);
      if (commands === '') return;
      try {
        await this.#nftables.apply(commands);
        this.#current = next;
      } catch (error) {
        await this.read();
        throw error;
      }
    });
  }

  async remove(): Promise<void> {
    await this.#mutex.run('', async () => {
      await this.#nftables.deleteTable('inet', this.name);
      this.#current = EMPTY;
    });
  }
}
