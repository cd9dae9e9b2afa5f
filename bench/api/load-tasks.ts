import { messageOf } from '#kit';
import { HttpConnection, type Target } from './http-connection.ts';
import type { Answered, Command, Repeated } from './load-client.ts';

const TIMES_KEPT = 1000;
const CONNECT_TOGETHER = 50;
const READY_PATIENCE_MS = 60_000;
const READY_PAUSE_MS = 2;
const WATCH_PATIENCE_MS = 30_000;

type CommandOf<Name extends Command['do']> = Extract<Command, { do: Name }>;

/** Watches that are open, and how many have not yet what they wait for. */
interface Watching {
  readonly connections: readonly HttpConnection[];
  /** What the last change is known by; undefined while none is under way. */
  mark: Buffer | undefined;
  left: number;
  done: () => void;
}

/** What the load client does, command by command. */
export class Load {
  #target: Target | undefined;
  #idle: HttpConnection[] = [];
  #watching: Watching | undefined;

  async run(command: Command): Promise<Answered | { readonly problem: string }> {
    try {
      return await this.#run(command);
    } catch (error) {
      return { problem: `${command.do}: ${messageOf(error)}` };
    }
  }

  close(): void {
    for (const connection of [...this.#idle, ...(this.#watching?.connections ?? [])]) connection.close();
  }

  async #run(command: Command): Promise<Answered> {
    switch (command.do) {
      case 'target':
        this.close();
        [this.#idle, this.#watching, this.#target] = [[], undefined, command.target];
        return await measured(async () => {});
      case 'ready':
        return await measured(() => this.#ready(command.path));
      case 'repeat': {
        await this.#connect(command.clients);
        return await measured((times, bytes) => this.#repeat(command, times, bytes));
      }
      case 'watch':
        return await measured(() => this.#watch(command));
      case 'change':
        await this.#connect(1);
        return await measured((times) => this.#change(command, times));
    }
  }

  async #connect(count: number): Promise<void> {
    while (this.#idle.length < count) {
      const missing = Math.min(CONNECT_TOGETHER, count - this.#idle.length);
      this.#idle.push(...(await Promise.all(Array.from({ length: missing }, () => HttpConnection.open(this.#theTarget)))));
    }
  }

  get #theTarget(): Target {
    if (this.#target === undefined) throw new TypeError('no target was named');
    return this.#target;
  }

  async #ready(path: string): Promise<void> {
    for (const until_ms = performance.now() + READY_PATIENCE_MS; ; ) {
      if (performance.now() > until_ms) throw new Error('the server is not ready');
      const connection = await HttpConnection.open(this.#theTarget).catch(() => undefined);
      // One that listens may break off, too, as long as it is not ready.
      const answer = await connection?.ask('GET', path).catch(() => undefined);
      connection?.close();
      if (answer?.status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, READY_PAUSE_MS));
    }
  }

  async #repeat({ request, clients, seconds, count, first }: CommandOf<'repeat'>, times: number[], bytes: (count: number) => void): Promise<void> {
    const until_ms = performance.now() + (seconds ?? Number.POSITIVE_INFINITY) * 1000;
    const last = first + (count ?? Number.POSITIVE_INFINITY);
    let next = first;
    const client = async (connection: HttpConnection) => {
      while (next < last && performance.now() < until_ms) {
        const [number, begun_ms] = [next++, performance.now()];
        const answer = await send(connection, request, number);
        times.push(performance.now() - begun_ms);
        bytes(answer.bytes);
      }
    };
    await Promise.all(this.#idle.slice(0, clients).map(client));
  }

  async #watch({ path, watchers }: CommandOf<'watch'>): Promise<void> {
    const connections: HttpConnection[] = [];
    const watching: Watching = { connections, mark: undefined, left: 0, done: () => {} };
    while (connections.length < watchers) {
      const count = Math.min(CONNECT_TOGETHER, watchers - connections.length);
      const opened = await Promise.all(Array.from({ length: count }, () => HttpConnection.open(this.#theTarget)));
      await Promise.all(opened.map((connection) => begin(connection, path, watching)));
      connections.push(...opened);
    }
    this.#watching = watching;
  }

  async #change({ request, rounds, first }: CommandOf<'change'>, times: number[]): Promise<void> {
    const [watching, [connection]] = [this.#watching, this.#idle];
    if (watching === undefined || connection === undefined) throw new TypeError('nobody watches');
    for (let round = first; round < first + rounds; round += 1) {
      const told = Promise.withResolvers<void>();
      watching.left = watching.connections.length;
      watching.mark = Buffer.from(`mark-${round}-`);
      watching.done = told.resolve;
      const late = setTimeout(() => told.reject(new Error(`${watching.left} watchers were not told`)), WATCH_PATIENCE_MS);
      const begun_ms = performance.now();
      const answered = send(connection, request, round);
      await told.promise;
      times.push(performance.now() - begun_ms);
      clearTimeout(late);
      await answered;
    }
  }
}

/** Resolves once the watch is open: with the head of its answer. */
function begin(connection: HttpConnection, path: string, watching: Watching): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOpen = false;
    let seen: Buffer | undefined;
    connection.stream(path, (piece) => {
      if (!isOpen) {
        isOpen = true;
        if (piece.toString('latin1', 9, 12) === '200') resolve();
        else reject(new Error(`a watch was refused: ${piece.toString().slice(0, 300)}`));
      }
      if (watching.mark === undefined || seen === watching.mark || !piece.includes(watching.mark)) return;
      seen = watching.mark;
      watching.left -= 1;
      if (watching.left === 0) watching.done();
    });
  });
}

async function send(connection: HttpConnection, { method, path, body, type }: Repeated, number: number): Promise<{ readonly bytes: number }> {
  const text = body?.replaceAll('#', String(number));
  const answer = await connection.ask(method, path.replaceAll('#', String(number)), {
    ...(text === undefined ? {} : { body: text }),
    ...(type === undefined ? {} : { type }),
  });
  if (answer.status >= 300) throw new Error(`${method} ${path} (${number}) was answered with ${answer.status}: ${answer.body.slice(0, 500)}`);
  return answer;
}

async function measured(task: (times: number[], bytes: (count: number) => void) => Promise<void>): Promise<Answered> {
  const times: number[] = [];
  let bytes = 0;
  const [cpu, loop, begun_ms] = [process.cpuUsage(), performance.eventLoopUtilization(), performance.now()];
  await task(times, (count) => (bytes += count));
  const took_ms = performance.now() - begun_ms;
  const { user, system } = process.cpuUsage(cpu);
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    count: times.length,
    took_ms,
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    max_ms: at(1),
    bytes,
    cpu_ms: (user + system) / 1000,
    busy: performance.eventLoopUtilization(loop).utilization,
    ended_at_ms: performance.timeOrigin + performance.now(),
    times_ms: times.slice(0, TIMES_KEPT),
  };
}
