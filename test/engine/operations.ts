import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { shell, type TestPlace } from '../../src/engine/engine.testing.ts';
import type { Engine, PublishSpec } from '#engine';

/** What one container of the test is, by all that was answered of it. */
export interface Expected {
  readonly name: string;
  readonly runs: 'never' | 'may' | 'yes' | 'ended';
  /** Runs that were begun. */
  readonly begun: number;
  /** Its command ends by itself. */
  readonly short: boolean;
  readonly exitCode: number;
  readonly port: number | undefined;
  readonly connected: boolean;
  readonly volume: string | undefined;
}

/** One line of the journal: an operation of one container that begins, or that was answered. */
export interface Step {
  readonly slot: number;
  readonly phase: 'begin' | 'done';
  readonly operation: Operation;
  readonly before: Expected | undefined;
  /** What it is once the operation was answered; undefined: it is no more. */
  readonly after: Expected | undefined;
}
export type Operation = 'create' | 'start' | 'stop' | 'remove' | 'exec' | 'rename' | 'ports' | 'connect' | 'disconnect' | 'commit' | 'volume' | 'unmake volume';

export const SLOTS = 3;
export const journalOf = (place: TestPlace): string => join(place.folder, 'journal');
export const NETWORK = 'lan';
export const [FIRST, LAST] = ['begun', 'finished'];

type Random = () => number;

/** Works on containers until the process is killed, and writes down each step before and after. */
export async function operate(engine: Engine, place: TestPlace, random: Random, round: number): Promise<never> {
  const write = (step: Step) => appendFileSync(journalOf(place), `${JSON.stringify(step)}\n`);
  if (!engine.networks.list().some(({ name }) => name === NETWORK)) await engine.networks.create({ name: NETWORK });
  await Promise.all(Array.from({ length: SLOTS }, (_, slot) => workOn(engine, slot, random, `r${round}s${slot}`, write)));
  throw new Error('it was to be killed');
}

async function workOn(engine: Engine, slot: number, random: Random, prefix: string, write: (step: Step) => void): Promise<never> {
  let now: Expected | undefined;
  for (let number = 0; ; number += 1) {
    const operation = choose(now, random);
    const after = outcome(now, operation, { name: `${prefix}n${number}`, port: 20_000 + slot * 100 + (number % 100), random });
    write({ slot, phase: 'begin', operation, before: now, after });
    await perform(engine, operation, now, after);
    write({ slot, phase: 'done', operation, before: now, after });
    now = after;
  }
}

function choose(now: Expected | undefined, random: Random): Operation {
  if (now === undefined) return 'create';
  const always: Operation[] = ['rename', 'ports', now.connected ? 'disconnect' : 'connect', 'commit', now.volume === undefined ? 'volume' : 'unmake volume'];
  const life: Operation[] =
    now.runs === 'never' ? ['start', 'start', 'start'] : now.runs === 'ended' ? ['remove', 'remove', 'start'] : ['stop', 'stop', 'remove'];
  const all = [...life, ...life, ...always, ...(now.runs === 'yes' ? (['exec', 'exec'] as const) : [])];
  return all[Math.floor(random() * all.length)] ?? 'remove';
}

/** What the container is after the operation. Pure but for what is drawn. */
function outcome(now: Expected | undefined, operation: Operation, fresh: { name: string; port: number; random: Random }): Expected | undefined {
  if (now === undefined) {
    const drawn = fresh.random();
    const base = { name: fresh.name, runs: 'never' as const, begun: 0, short: drawn < 0.3, exitCode: 1 + Math.floor(drawn * 100), volume: undefined };
    return { ...base, port: drawn < 0.5 ? fresh.port : undefined, connected: false };
  }
  switch (operation) {
    case 'start':
      return { ...now, runs: now.short ? 'may' : 'yes', begun: now.begun + 1 };
    case 'stop':
      return { ...now, runs: 'ended' };
    case 'remove':
      return undefined;
    case 'rename':
      return { ...now, name: fresh.name };
    case 'ports':
      return { ...now, port: now.port === undefined ? fresh.port : undefined };
    case 'connect':
    case 'disconnect':
      return { ...now, connected: operation === 'connect' };
    case 'volume':
      return { ...now, volume: `${fresh.name}-volume` };
    case 'unmake volume':
      return { ...now, volume: undefined };
    case 'create':
    case 'exec':
    case 'commit':
      return now;
  }
}

const publishOf = (port: number | undefined): PublishSpec[] => (port === undefined ? [] : [{ containerPort: 80, protocol: 'tcp', hostPort: port }]);

const scriptOf = ({ short, exitCode }: Expected): string =>
  short ? `echo ${FIRST}; echo ${LAST}; exit ${exitCode}` : `trap 'echo ${LAST}; exit ${exitCode}' TERM; echo ${FIRST}; while :; do sleep 0.02; done`;

async function perform({ containers, execs, networks, volumes }: Engine, operation: Operation, now: Expected | undefined, after: Expected | undefined) {
  const name = now?.name ?? '';
  switch (operation) {
    case 'create':
      if (after)
        await containers.create(
          shell(scriptOf(after), { name: after.name, publish: publishOf(after.port), mounts: [{ type: 'volume', target: '/anonymous', readOnly: false }] }),
        );
      return;
    case 'start':
      return await containers.start(name);
    case 'stop':
      // Until then it does not listen to the signal.
      await hasBegun(containers, name, now?.begun ?? 0);
      return await containers.stop(name);
    case 'remove':
      return await containers.remove(name, { force: true, volumes: true });
    case 'rename':
      return await containers.rename(name, after?.name ?? '');
    case 'ports':
      return await containers.update(name, { publish: publishOf(after?.port) });
    case 'connect':
      return await networks.connect(NETWORK, name, {});
    case 'disconnect':
      return await networks.disconnect(NETWORK, name, false);
    case 'commit':
      return void (await containers.commitLayer(name));
    case 'volume':
      return void (await volumes.create({ name: after?.volume ?? '' }));
    case 'unmake volume':
      return await volumes.remove(now?.volume ?? '', false);
    case 'exec': {
      const streams = await execs.start(await execs.create(name, { command: ['true'] }));
      streams.stdout.resume();
      streams.stderr?.resume();
      await streams.exited;
    }
  }
}

async function hasBegun(containers: Engine['containers'], name: string, runs: number): Promise<void> {
  let begun = 0;
  for await (const { content } of containers.logs(name, { follow: true })) {
    if (Buffer.from(content).toString().trim() === FIRST) begun += 1;
    if (begun >= runs) return;
  }
}
