import { closeSync, writeSync } from 'node:fs';
import { type Clock, createLogger, GantryError, lineWriter, type Logger, messageOf, systemClock, systemRandom } from '#kit';
import type { ListenPlace } from '#docker';
import { openLinux } from '#linux';
import type { DaemonConfig } from './config.ts';
import { serveControl } from './control.ts';
import { openDataDir } from './identity.ts';
import { takeLock } from './lock.ts';
import { openGround } from './ground.ts';
import type { OptionValues } from './option-names.ts';
import { resolveConfig } from './options.ts';
import { buildParts, type BuiltParts } from './parts.ts';
import { renewPlaces } from './places.ts';
import { preflight } from './preflight.ts';
import { addressOf } from './settings/hosts.ts';
import { ownFacts } from './why/own-facts.ts';
import type { DaemonStatus, Part, PartHealth } from './types.ts';

const STDERR = 2;

export interface RunOptions {
  readonly given: OptionValues;
  readonly configFile: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  readonly version: string;
  /** Called once everything has started. */
  readonly onReady?: () => void;
  /** Where a detached daemon says `ready …` or what went wrong. */
  readonly readyFd?: number;
}

/** Runs a daemon until SIGTERM or SIGINT; answers the exit status. */
export async function runDaemon(options: RunOptions): Promise<number> {
  const tell = (words: string) => {
    if (options.readyFd === undefined) return;
    writeSync(options.readyFd, words);
    closeSync(options.readyFd);
  };
  try {
    const config = await resolveConfig(options.given, options.configFile, options.environment);
    const stopping = stopSignal();
    await using daemon = await startDaemon(config, options);
    options.onReady?.();
    const line = daemon.describe();
    const warnings = config.settings.warnings.map((words) => `warning: ${words}\n`).join('');
    if (options.readyFd === undefined) {
      process.stdout.write(`${line}\n`);
      process.stderr.write(warnings);
    }
    tell(`ready ${line}\n${warnings}`);
    daemon.notify(`READY=1\nSTATUS=${line}`);
    await stopping;
    daemon.notify('STOPPING=1');
    await daemon.retire();
    return 0;
  } catch (error) {
    if (options.readyFd === undefined || !(error instanceof GantryError)) throw error;
    tell(error.message);
    return 1;
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

interface RunningDaemon extends AsyncDisposable {
  /** One line for the user. */
  describe(): string;
  /** Tells systemd, where it started this (sd_notify(3)). */
  notify(state: string): void;
  /** Tells those who look whether it is ready that it stops, while all of it still works. */
  retire(): Promise<void>;
}

async function startDaemon(config: DaemonConfig, { version, environment }: RunOptions): Promise<RunningDaemon> {
  const clock = systemClock;
  const startedAt_ms = clock.now();
  await preflight(config);
  await using opened = new AsyncDisposableStack();
  const linux = openLinux();
  const identity = await openDataDir(config.dataDir, config.runDir, systemRandom);
  opened.use(await takeLock(config.dataDir, linux.processes));
  const logger = createLogger({ level: config.logLevel, clock, write: lineWriter(STDERR) });
  const partOptions = { config, identity, linux, clock, random: systemRandom, logger, version };
  await renewPlaces(config, linux);
  const ground = opened.use(await openGround(partOptions));
  const built = await buildParts(partOptions, ground);
  const health = new Map<string, PartHealth>(built.parts.map(({ name }) => [name, { state: 'starting' }]));
  const answers = {
    '/status': () => describe({ config, built, health, version, id: identity.id, startedAt_ms, clock }),
    '/registry/collect': async (query: URLSearchParams) => await built.registry?.collect({ dryRun: query.get('dryRun') === 'true' }),
    ...ownFacts(built, ground),
  };
  opened.use(
    await serveControl(config.runDir, answers, { '/backup': () => (health.get('apiserver')?.state === 'ready' ? built.apiServer?.backup() : undefined) }),
  );
  for (const part of built.parts) {
    opened.defer(() => stopPart(part, logger));
    await startPart(part, clock, logger);
    health.set(part.name, { state: 'ready' });
  }
  await built.announce();
  logger.info('ready', { startup_ms: clock.now() - startedAt_ms, pid: process.pid });
  const owned = opened.move();
  return {
    describe: () => readyLine(config, clock.now() - startedAt_ms),
    notify(state) {
      const { NOTIFY_SOCKET: address } = environment;
      if (address === undefined || address === '') return;
      try {
        linux.sockets.send(address, state);
      } catch (error) {
        // It serves all the same; systemd says in its own log what it misses.
        logger.warn('cannot tell systemd', { state, error });
      }
    },
    retire: async () => await built.apiServer?.retire(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startPart(part: Part, clock: Clock, logger: Logger): Promise<void> {
  const began = clock.monotonic();
  await part.start();
  logger.info('part started', { part: part.name, took_ms: Math.round(clock.monotonic() - began) });
}

async function stopPart(part: Part, logger: Logger): Promise<void> {
  try {
    await part.stop();
  } catch (error) {
    // The others still have to let go.
    logger.error('part did not stop cleanly', { part: part.name, error });
  }
}

interface Described {
  readonly config: DaemonConfig;
  readonly built: BuiltParts;
  readonly health: Map<string, PartHealth>;
  readonly version: string;
  readonly id: string;
  readonly startedAt_ms: number;
  readonly clock: Clock;
}

async function describe({ config, built, health, version, id, startedAt_ms, clock }: Described): Promise<DaemonStatus> {
  const entries = await Promise.all(built.parts.map(async (part) => [part.name, await healthOf(part, health)] as const));
  return {
    ready: entries.every(([, { state }]) => state === 'ready'),
    id,
    pid: process.pid,
    version,
    uptimeSeconds: Math.floor((clock.now() - startedAt_ms) / 1_000),
    dataDir: config.dataDir,
    runDir: config.runDir,
    ...(config.parts.has('engine') ? { dockerSocket: config.dockerSocket } : {}),
    ...(config.parts.has('engine') && config.settings.listen.length > 0 ? { dockerHosts: config.settings.listen.map(placeText).join(', ') } : {}),
    ...(config.parts.has('registry') ? { registry: `${config.registry.host}:${config.registry.port}` } : {}),
    ...(config.parts.has('apiserver')
      ? { apiServer: `https://${config.api.host}:${config.api.port}`, kubeconfig: config.kubeconfig, context: config.contextName }
      : {}),
    parts: Object.fromEntries(entries),
  };
}

async function healthOf(part: Part, health: Map<string, PartHealth>): Promise<PartHealth> {
  const known = health.get(part.name) ?? { state: 'starting' };
  if (known.state !== 'ready') return known;
  try {
    return await part.health();
  } catch (error) {
    return { state: 'failed', reason: messageOf(error) };
  }
}

function readyLine(config: DaemonConfig, took_ms: number): string {
  const places = [
    config.parts.has('engine') ? `docker unix://${config.dockerSocket}${config.dockerContext ? ` (context ${config.dockerContext.name})` : ''}` : '',
    ...(config.parts.has('engine') ? config.settings.listen.map(placeText) : []),
    config.parts.has('registry') ? `registry ${config.registry.host}:${config.registry.port}` : '',
    config.parts.has('apiserver') ? `kubeconfig ${config.kubeconfig}` : '',
  ];
  return `up in ${(took_ms / 1_000).toFixed(2)} s: ${places.filter((place) => place !== '').join(', ')}`;
}

function placeText(place: ListenPlace): string {
  return place.kind === 'unix' ? `unix://${place.path}` : `tcp://${addressOf(place)}${place.tls ? ' (TLS)' : ''}`;
}
