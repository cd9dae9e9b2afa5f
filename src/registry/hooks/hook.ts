import { createHmac } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, type Logger, messageOf, readJson, writeDurable } from '#kit';
import { fits } from '../access/patterns.ts';
import { post } from './post.ts';
import type { EnvelopedEvent, HookSettings } from './types.ts';

const MEDIA_TYPE = 'application/vnd.docker.distribution.events.v1+json';
/** So many may wait for a receiver that is away; then the oldest go. */
export const WAITING_MAX = 10_000;
const TOGETHER_MAX = 50;
const SAVE_AFTER_MS = 500;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

/** Tells one receiver what happens, in order, off the way of requests; a receiver that fails is asked again, with longer and longer pauses. */
export class Hook {
  readonly #settings: HookSettings;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #waiting: EnvelopedEvent[] = [];
  #telling: Promise<void> | undefined;
  #saving: Promise<void> | undefined;
  #isKept = false;
  #isChanged = false;
  #lost = 0;

  constructor(settings: HookSettings, options: { readonly path: string; readonly clock: Clock; readonly logger: Logger }) {
    this.#settings = settings;
    this.#path = options.path;
    this.#clock = options.clock;
    this.#logger = options.logger.child({ hook: new URL(settings.url).host });
  }

  get waiting(): number {
    return this.#waiting.length;
  }
  /** Events that the receiver was never told of. */
  get lost(): number {
    return this.#lost;
  }

  tell(event: EnvelopedEvent): void {
    const { events, repositories } = this.#settings;
    if (events !== undefined && !events.includes(event.action)) return;
    if (repositories !== undefined && !repositories.some((pattern) => fits(pattern, event.target.repository))) return;
    this.#waiting.push(event);
    if (this.#waiting.length > WAITING_MAX) {
      if (this.#lost === 0) this.#logger.error(`the receiver is away for so long that it will not be told of some events: only ${WAITING_MAX} wait`);
      this.#waiting.shift();
      this.#lost += 1;
    }
    this.#telling ??= this.#tellAll();
    this.#changed();
  }

  /** Takes up what an earlier run could not tell. Errors: the system's. */
  async open(): Promise<void> {
    const kept = await readJson(this.#path);
    if (Array.isArray(kept)) this.#waiting = kept as EnvelopedEvent[]; // this file's own writing
    if (this.#waiting.length > 0) this.#telling ??= this.#tellAll();
  }

  /** Keeps what waits for the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#telling;
    await this.#saving;
    await this.#write();
  }

  /** What is still waiting a moment later goes to the disk; what is told before it costs nothing. */
  async #save(): Promise<void> {
    while (this.#isChanged) {
      await this.#clock.sleep(SAVE_AFTER_MS, this.#stopping.signal).catch(() => {});
      this.#isChanged = false;
      await this.#write();
    }
    this.#saving = undefined;
  }

  #changed(): void {
    this.#isChanged = true;
    this.#saving ??= this.#save();
  }

  async #write(): Promise<void> {
    if (this.#waiting.length === 0 && !this.#isKept) return;
    try {
      this.#isKept = this.#waiting.length > 0;
      await mkdir(dirname(this.#path), { recursive: true });
      await writeDurable(this.#path, JSON.stringify(this.#waiting));
    } catch (error) {
      this.#logger.error('events that wait for their receiver could not be kept: a restart would lose them', { reason: messageOf(error) });
    }
  }

  async #tellAll(): Promise<void> {
    // What comes in one turn is told together.
    await Promise.resolve();
    let pause_ms = FIRST_PAUSE_MS;
    while (this.#waiting.length > 0 && !this.#stopping.signal.aborted) {
      const together = this.#waiting.slice(0, TOGETHER_MAX);
      try {
        await this.#send(together);
        // Some may have gone from the front meanwhile, for want of room.
        const told = new Set(together);
        this.#waiting = this.#waiting.filter((event) => !told.has(event));
        pause_ms = FIRST_PAUSE_MS;
      } catch (error) {
        this.#logger.warn('the receiver of events does not take them; it is asked again', {
          pause_ms,
          waiting: this.#waiting.length,
          reason: messageOf(error),
        });
        await this.#clock.sleep(pause_ms, this.#stopping.signal).catch(() => {});
        pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_MS);
      }
    }
    // In the same turn in which nothing was left: a later event begins anew.
    this.#telling = undefined;
    if (this.#isKept) this.#changed();
  }

  #send(events: readonly EnvelopedEvent[]): Promise<void> {
    const { url, headers, secret } = this.#settings;
    const body = Buffer.from(JSON.stringify({ events }));
    const signature = secret === undefined ? {} : { 'x-gantry-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
    return post(url, { 'content-type': MEDIA_TYPE, ...headers, ...signature }, body);
  }
}
