import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemRandom } from '#kit';
import { type KeyPair, makeAuthority, makeLeaf } from '../../src/daemon/issue-certificates.ts';

/** An authority of a test's own, whose certificates lie in a folder. */
export class Pki {
  readonly #folder: string;
  readonly #authority: KeyPair;
  /** The path of the authority's certificate. */
  readonly authority: string;

  private constructor(folder: string, authority: KeyPair) {
    this.#folder = folder;
    this.#authority = authority;
    this.authority = join(folder, 'ca.pem');
  }

  static async create(folder: string): Promise<Pki> {
    await mkdir(folder, { recursive: true });
    const pki = new Pki(folder, await makeAuthority({ clock: systemClock, random: systemRandom }));
    await writeFile(pki.authority, pki.#authority.certificate);
    return pki;
  }

  /** A certificate and its key; the paths of both. */
  async issue(name: string, usage: 'server' | 'client', names: readonly string[] = []): Promise<{ readonly cert: string; readonly key: string }> {
    const leaf = await makeLeaf({ authority: this.#authority, subject: `CN=${name}`, names, usage, clock: systemClock, random: systemRandom });
    const paths = { cert: join(this.#folder, `${name}.pem`), key: join(this.#folder, `${name}-key.pem`) };
    await Promise.all([writeFile(paths.cert, leaf.certificate), writeFile(paths.key, leaf.key, { mode: 0o600 })]);
    return paths;
  }
}
