import type { Container, Engine } from '#engine';
import { GantryError } from '#kit';
import type { Network } from '#network';
import type { ControlAnswers } from '../control.ts';
import type { ContainerFacts, OwnContainer, OwnPorts } from './types.ts';

const LOG_LINES = 10;
const LOG_LINE_MAX = 500;

interface Sources {
  readonly engine: { engine(): Engine } | undefined;
}

/** What the daemon answers `gantry why`: only what is known nowhere else. */
export function ownFacts(built: Sources, { network }: { readonly network: Network | undefined }): Omit<ControlAnswers, '/status' | '/registry/collect'> {
  return {
    '/facts/ports': async () => ownPorts(built.engine?.engine(), network),
    '/facts/container': async (query) => (built.engine === undefined ? undefined : await containerFacts(built.engine.engine(), query.get('name') ?? '')),
  };
}

function ownPorts(engine: Engine | undefined, network: Network | undefined): OwnPorts {
  const { table = '', bridges = [], published = [], services = [] } = network?.plan() ?? {};
  return {
    pid: process.pid,
    table,
    bridges: bridges.map(({ name, subnet, internal }) => ({ name, subnet, internal })),
    published,
    services,
    containers: (engine?.containers.list() ?? []).map(ownContainer),
  };
}

function ownContainer(container: Container): OwnContainer {
  const { id, name, state, spec, endpoints } = container;
  return {
    id,
    name,
    title: titleOf(container),
    ...(spec.owner.kind === 'pod' ? { pod: { namespace: spec.owner.namespace, name: spec.owner.name } } : {}),
    status: state.status,
    ...('exit' in state ? { exitCode: state.exit.exitCode } : {}),
    ...('pid' in state ? { pid: state.pid } : {}),
    addresses: Object.values(endpoints).map(({ address }) => address),
    asked: (spec.publish ?? []).map(({ hostAddress = '0.0.0.0', hostPort = 0, containerPort, protocol }) => ({
      hostAddress,
      hostPort,
      containerPort,
      protocol,
    })),
  };
}

function titleOf({ name, spec: { owner } }: Container): string {
  if (owner.kind === 'pod') return `container ${owner.container} of pod ${owner.namespace}/${owner.name}`;
  return owner.kind === 'build' ? `container ${name} of a build` : `container ${name}`;
}

async function containerFacts(engine: Engine, ref: string): Promise<ContainerFacts | undefined> {
  const container = find(engine, ref);
  if (container === undefined) return undefined;
  const { state, spec, process: main, health, restartCount, stopRequested = false } = container;
  const startedAt_ms = 'exit' in state ? state.exit.startedAt_ms : 'startedAt_ms' in state ? state.startedAt_ms : 0;
  const events = engine.events.recent().filter(({ id, time_ns }) => id === container.id && Number(time_ns / 1_000_000n) >= startedAt_ms);
  const lastCheck = health?.log.at(-1);
  return {
    name: container.name,
    title: titleOf(container),
    image: spec.image,
    command: [main.path, ...main.args],
    status: state.status,
    ...('exit' in state ? { exit: state.exit } : {}),
    ...(spec.resources?.memory_bytes === undefined ? {} : { memory_bytes: spec.resources.memory_bytes }),
    signals: events.flatMap(({ action, attributes }) => (action === 'kill' ? [Number(attributes['signal'])] : [])),
    stopped: events.some(({ action }) => action === 'stop' || action === 'restart'),
    forgotten: !events.some(({ action }) => action === 'start'),
    restart: {
      policy: spec.restart?.name ?? 'no',
      ...(spec.restart?.maximumRetries === undefined ? {} : { maximumRetries: spec.restart.maximumRetries }),
      count: restartCount,
      isOff: stopRequested,
    },
    ...(health === undefined
      ? {}
      : {
          health: {
            status: health.status,
            failingStreak: health.failingStreak,
            ...(lastCheck === undefined ? {} : { exitCode: lastCheck.exitCode, output: lastCheck.output }),
          },
        }),
    log: await lastLines(engine, container),
  };
}

function find(engine: Engine, ref: string): Container | undefined {
  try {
    return engine.containers.get(ref);
  } catch (error) {
    if (error instanceof GantryError && error.status === 404) return undefined;
    throw error;
  }
}

async function lastLines(engine: Engine, { id }: Container): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { content } of engine.containers.logs(id, { tail: LOG_LINES })) lines.push(Buffer.from(content).toString().trimEnd().slice(0, LOG_LINE_MAX));
  return lines;
}
