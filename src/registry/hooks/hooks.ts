import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Clock, type Logger, type Random, randomUuid } from '#kit';
import type { Exchange } from '../http/exchange.ts';
import { Hook } from './hook.ts';
import type { HookSettings, RegistryEvent } from './types.ts';

/** Tells whoever wants to know what happens. */
export class Hooks {
  readonly #hooks: readonly Hook[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #instance: string;

  constructor(
    settings: readonly HookSettings[],
    options: { readonly dataDir: string; readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  ) {
    this.#hooks = settings.map((each) => new Hook(each, { ...options, path: join(options.dataDir, 'hooks', `${nameOf(each)}.json`) }));
    this.#clock = options.clock;
    this.#random = options.random;
    this.#instance = randomUuid(options.random);
  }

  get waiting(): number {
    return this.#hooks.reduce((sum, { waiting }) => sum + waiting, 0);
  }
  get lost(): number {
    return this.#hooks.reduce((sum, { lost }) => sum + lost, 0);
  }

  /** Of what a request has done. */
  tell({ request, user }: Exchange, { action, ...target }: RegistryEvent): void {
    if (this.#hooks.length === 0) return;
    const { host = '', 'user-agent': useragent = '' } = request.headers;
    const event = {
      id: randomUuid(this.#random),
      timestamp: new Date(this.#clock.now()).toISOString(),
      action,
      target: { ...target, ...(target.size === undefined ? {} : { length: target.size }) },
      request: {
        id: randomUuid(this.#random),
        addr: `${request.socket.remoteAddress}:${request.socket.remotePort}`,
        host,
        method: request.method ?? '',
        useragent,
      },
      source: { addr: host, instanceID: this.#instance },
      actor: user === undefined ? {} : { name: user },
    };
    for (const hook of this.#hooks) hook.tell(event);
  }

  /** Takes up what an earlier run could not tell. */
  async open(): Promise<void> {
    await Promise.all(this.#hooks.map((hook) => hook.open()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#hooks.map((hook) => hook.stop()));
  }
}

/** What waits belongs to the receiver and what it is told of, wherever its hook stands in the list. */
function nameOf({ url, events, repositories }: HookSettings): string {
  return createHash('sha256')
    .update(JSON.stringify([url, events, repositories]))
    .digest('hex')
    .slice(0, 16);
}
