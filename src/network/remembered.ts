import { KeyedMutex } from '#kit';
import { EMPTY_MODEL, loadModel, type Model, saveModel } from './model.ts';

/** What the daemon wants of the network, kept in a file below its run dir as it changes. */
export class Remembered {
  readonly #runDir: string;
  readonly #saving = new KeyedMutex();
  #model: Model = EMPTY_MODEL;
  #saved: Model | undefined;

  constructor(runDir: string) {
    this.#runDir = runDir;
  }

  get model(): Model {
    return this.#model;
  }

  /** In place of all that was wanted before; saved with the next change or `save`. */
  begin(model: Model): void {
    this.#model = model;
  }

  forget(): void {
    this.#model = EMPTY_MODEL;
    this.#saved = undefined;
  }

  async change(part: Partial<Model>): Promise<void> {
    // Without a start (`gantry down`) what is remembered must still be there for `removeAll`.
    if (this.#model === EMPTY_MODEL) this.#model = (await loadModel(this.#runDir)) ?? { ...EMPTY_MODEL };
    this.#model = { ...this.#model, ...part };
    await this.save();
  }

  /** Changes that wait for the disk together are written together. */
  async save(): Promise<void> {
    await this.#saving.run('', async () => {
      const model = this.#model;
      if (model === this.#saved) return;
      await saveModel(this.#runDir, model);
      this.#saved = model;
    });
  }
}
