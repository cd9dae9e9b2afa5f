import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { type Clock, type Logger, messageOf, type Timer } from '#kit';
import { settingsInvalid } from '../errors.ts';

/** Files in PEM. */
export interface TlsSettings {
  readonly certificate: string;
  readonly key: string;
}

/** Whoever renews a certificate writes two files, one after the other. */
const SETTLE_MS = 200;

/** A certificate and its key, read again when their files change. */
export class Certificate {
  readonly #settings: TlsSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #watchers: FSWatcher[] = [];
  #settling: Timer | undefined;
  #current: SecureContextOptions = {};

  constructor(settings: TlsSettings, options: { readonly clock: Clock; readonly logger: Logger }) {
    this.#settings = settings;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Reads the pair for the first time. Errors: `REGISTRY_SETTINGS_INVALID`. */
  async open(): Promise<SecureContextOptions> {
    try {
      this.#current = await this.#read();
      return this.#current;
    } catch (error) {
      throw settingsInvalid(`its certificate ${this.#settings.certificate} with the key ${this.#settings.key} cannot be used: ${messageOf(error)}`, error);
    }
  }

  /** Calls with each new pair that holds; one that does not is logged, and the old one goes on. */
  follow(onChange: (pair: SecureContextOptions) => void): void {
    const settled = () => void this.#readAgain().then((pair) => (pair === undefined ? undefined : onChange(pair)));
    // Not the files themselves: they are replaced by others of their names, or by a link that leads elsewhere.
    for (const folder of new Set([this.#settings.certificate, this.#settings.key].map(dirname))) {
      const watcher = watch(folder, { persistent: false }, () => {
        this.#settling?.[Symbol.dispose]();
        this.#settling = this.#clock.setTimer(SETTLE_MS, settled);
        this.#settling.unref();
      });
      watcher.on('error', (error) => this.#logger.error('a new certificate of the registry will not be seen', { folder, reason: messageOf(error) }));
      this.#watchers.push(watcher);
    }
  }

  stop(): void {
    this.#settling?.[Symbol.dispose]();
    for (const watcher of this.#watchers) watcher.close();
  }

  async #readAgain(): Promise<SecureContextOptions | undefined> {
    try {
      const pair = await this.#read();
      if (String(pair.cert) === String(this.#current.cert) && String(pair.key) === String(this.#current.key)) return undefined;
      this.#current = pair;
      this.#logger.info('the registry shows a new certificate', { file: this.#settings.certificate });
      return pair;
    } catch (error) {
      this.#logger.error('the registry goes on with its old certificate: the new one cannot be used', { reason: messageOf(error) });
      return undefined;
    }
  }

  async #read(): Promise<SecureContextOptions> {
    const [cert, key] = await Promise.all([readFile(this.#settings.certificate), readFile(this.#settings.key)]);
    // Refuses a key that is another certificate's.
    createSecureContext({ cert, key });
    return { cert, key, minVersion: 'TLSv1.2' };
  }
}
