import type { Readable } from 'node:stream';
import { messageOf } from '#kit';
import type { HealthConfig } from '#image';
import { isLive } from './container.ts';
import type { ExecTable } from './exec.ts';
import { type Rooms, tell } from './rooms.ts';
import type { Entry } from './table.ts';
import type { HealthState } from './types.ts';

type HealthResult = HealthState['log'][number];

const [INTERVAL_MS, TIMEOUT_MS, RETRIES, LOG_MAX, OUTPUT_MAX, TIMED_OUT] = [30_000, 30_000, 3, 5, 4096, -1];

const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** The next health after a probe. Failures in the start period do not count; one success ends it. Pure. */
export function nextHealth(before: HealthState, result: HealthResult, options: { readonly retries: number; readonly inStartPeriod: boolean }): HealthState {
  const log = [...before.log, result].slice(-LOG_MAX);
  if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  if (options.inStartPeriod && before.status === 'starting') return { ...before, log };
  const failingStreak = before.failingStreak + 1;
  return { status: failingStreak >= options.retries ? 'unhealthy' : before.status, failingStreak, log };
}

/** Probes a running container until disposed. */
export function watchHealth(rooms: Rooms, execs: ExecTable, entry: Entry, config: HealthConfig): Disposable {
  const abort = new AbortController();
  entry.health = { status: 'starting', failingStreak: 0, log: [] };
  void probeOn(rooms, execs, entry, config, abort.signal).catch((error: unknown) => {
    if (!abort.signal.aborted) rooms.logger.error('health checks ended', { id: entry.record.id, error });
  });
  return { [Symbol.dispose]: () => abort.abort() };
}

async function probeOn(rooms: Rooms, execs: ExecTable, entry: Entry, config: HealthConfig, signal: AbortSignal): Promise<void> {
  const begun_ms = rooms.clock.monotonic();
  const interval_ms = milliseconds(config.Interval) ?? INTERVAL_MS;
  const startPeriod_ms = milliseconds(config.StartPeriod) ?? 0;
  const startInterval_ms = milliseconds(config.StartInterval) ?? Math.min(interval_ms, 5000);
  while (!signal.aborted) {
    const inStartPeriod = () => rooms.clock.monotonic() - begun_ms < startPeriod_ms;
    await rooms.clock.sleep(inStartPeriod() && entry.health?.status === 'starting' ? startInterval_ms : interval_ms, signal);
    if (entry.record.state.status !== 'running') continue;
    const result = await probe(rooms, execs, entry, config);
    const before = entry.health;
    if (signal.aborted || before === undefined || !isLive(entry.record.state)) return;
    entry.health = nextHealth(before, result, { retries: config.Retries || RETRIES, inStartPeriod: inStartPeriod() });
    if (entry.health.status !== before.status) tell(rooms, entry, `health_status: ${entry.health.status}`);
  }
}

async function probe(rooms: Rooms, execs: ExecTable, entry: Entry, config: HealthConfig): Promise<HealthResult> {
  const start_ms = rooms.clock.now();
  const answer = (exitCode: number, output: string) => ({ start_ms, end_ms: rooms.clock.now(), exitCode, output });
  const [kind, ...words] = config.Test ?? [];
  const command = kind === 'CMD-SHELL' ? [...(entry.record.shell ?? DEFAULT_SHELL), words.join(' ')] : words;
  const timeout_ms = milliseconds(config.Timeout) ?? TIMEOUT_MS;
  try {
    const streams = await execs.launch(
      entry,
      { command },
      rooms.random.hex(64),
      () => undefined,
      () => undefined,
    );
    const output = Promise.all([streams.stdout, streams.stderr].map((stream) => beginning(stream)));
    const late = Promise.withResolvers<undefined>();
    using _timer = rooms.clock.setTimer(timeout_ms, () => late.resolve(undefined));
    const exitCode = await Promise.race([streams.exited, late.promise]);
    if (exitCode !== undefined) return answer(exitCode, (await output).join(''));
    streams.detach();
    return answer(TIMED_OUT, `Health check exceeded timeout (${timeout_ms} ms)`);
  } catch (error) {
    return answer(TIMED_OUT, messageOf(error));
  }
}

function beginning(stream: Readable | undefined): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    if (stream === undefined) return resolve(text);
    stream.on('data', (piece: Buffer) => {
      if (text.length < OUTPUT_MAX) text += piece.toString('utf8').slice(0, OUTPUT_MAX - text.length);
    });
    stream.once('close', () => resolve(text));
    stream.once('error', () => resolve(text));
  });
}

function milliseconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined || nanoseconds === 0 ? undefined : nanoseconds / 1e6;
}
