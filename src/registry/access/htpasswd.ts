import { createHmac } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type Clock, type Logger, messageOf, type Random } from '#kit';
import { htpasswdInvalid } from '../errors.ts';
import { Comparer } from './comparer.ts';

/** For so long a password that was right is not compared again: a comparison is slow by design. */
const REMEMBER_MS = 60_000;
const REMEMBERED_MAX = 1_000;
const LOOK_EVERY_MS = 1_000;
/** What an unknown user's password is compared with, so that the time tells nobody who is known. It is of no password. */
const NOBODY = '$2b$10$abcdefghijklmnopqrstuuAGS7EXtUqh9Q2Hn4MvEXHuV0DQm8G9W';
const HASH = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/;

type Users = ReadonlyMap<string, string>;

/** The users of a registry and their passwords: a file as `htpasswd -B` writes it, which is read again when it changes. */
export class Htpasswd {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #key: Uint8Array;
  readonly #comparer: Comparer;
  readonly #known = new Map<string, number>();
  readonly #under = new Map<string, Promise<boolean>>();
  #users: Users = new Map();
  #stamp = '';
  #looked_ms = Number.NEGATIVE_INFINITY;

  constructor(options: { readonly path: string; readonly clock: Clock; readonly random: Random; readonly logger: Logger }) {
    this.#path = options.path;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#key = options.random.bytes(32);
    this.#comparer = new Comparer(options.clock);
  }

  /** Reads the file for the first time. Errors: `REGISTRY_SETTINGS_INVALID`, naming the line. */
  async open(): Promise<void> {
    this.#stamp = await this.#stampNow();
    this.#users = parse(await this.#read(), this.#path);
  }

  /** Whether that is the user's password. */
  async isRight(user: string, password: string): Promise<boolean> {
    await this.#readAgain();
    const hash = this.#users.get(user);
    const proof = this.#mac(`${user}\0${hash ?? ''}\0${password}`);
    const until = this.#known.get(proof);
    if (until !== undefined && until > this.#clock.monotonic()) return true;
    let under = this.#under.get(proof);
    if (under === undefined) {
      under = this.#comparer.compare(password, hash ?? NOBODY).finally(() => this.#under.delete(proof));
      this.#under.set(proof, under);
    }
    if (!(await under) || hash === undefined) return false;
    this.#remember(proof);
    return true;
  }

  /** A text that is another one as soon as the user's password is; undefined where there is no such user. */
  async proofOf(user: string): Promise<string | undefined> {
    await this.#readAgain();
    const hash = this.#users.get(user);
    return hash === undefined ? undefined : this.#mac(`${user}\0${hash}`, Buffer.from(hash));
  }

  stop(): Promise<void> {
    return this.#comparer.stop();
  }

  #remember(proof: string): void {
    if (this.#known.size >= REMEMBERED_MAX) this.#known.clear();
    this.#known.set(proof, this.#clock.monotonic() + REMEMBER_MS);
  }

  #mac(text: string, key: Uint8Array = this.#key): string {
    return createHmac('sha256', key).update(text).digest('base64url');
  }

  /** A file that has gone wrong changes nothing: those who were let in still are. */
  async #readAgain(): Promise<void> {
    const now_ms = this.#clock.monotonic();
    if (now_ms - this.#looked_ms < LOOK_EVERY_MS) return;
    this.#looked_ms = now_ms;
    try {
      const stamp = await this.#stampNow();
      if (stamp === this.#stamp) return;
      // Set first: one that cannot be taken is told of once.
      this.#stamp = stamp;
      this.#users = parse(await this.#read(), this.#path);
      this.#known.clear();
    } catch (error) {
      this.#logger.error('the users of the registry stay as they were: their file cannot be taken', { path: this.#path, reason: messageOf(error) });
    }
  }

  async #stampNow(): Promise<string> {
    try {
      const { ino, size, mtimeNs } = await stat(this.#path, { bigint: true });
      return `${ino} ${size} ${mtimeNs}`;
    } catch (error) {
      throw htpasswdInvalid(this.#path, messageOf(error));
    }
  }

  #read(): Promise<string> {
    return readFile(this.#path, 'utf8');
  }
}

function parse(text: string, path: string): Users {
  const users = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const [, name, hash] = /^([^:]+):(.+)$/.exec(trimmed) ?? [];
    if (name === undefined || hash === undefined || !HASH.test(hash))
      throw htpasswdInvalid(path, `line ${index + 1} is not NAME:HASH with a hash of bcrypt: write it with htpasswd -B`);
    users.set(name, hash);
  }
  return users;
}
