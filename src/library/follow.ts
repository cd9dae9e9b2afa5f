import type { KubeObject } from '#cluster/api';
import * as client from '#cluster/client';
import { type Clock, createLogger, type Logger, type Random, systemClock, systemRandom } from '#kit';

/** What a program's parts stand on: the machine's own clock and randomness, and warnings as JSON lines on stderr, where nothing is said. */
export interface Surroundings {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

type Without<T> = Omit<T, keyof Surroundings> & Surroundings;

/** A cache of one kind that follows it, survives disconnects and 410, and tells of every change. Start it, and stop it. */
export function createInformer<T extends KubeObject>(
  over: client.ClusterClient,
  kind: client.RefOf<T>,
  options: Without<client.InformerOptions<T>> = {},
): client.Informer<T> {
  return client.createInformer<T>(over, kind, { ...surroundings(), ...options });
}

/** A queue of keys and the function that makes the world of one key as it should be; what fails is tried again with growing waits. */
export function createController(options: Without<client.ControllerOptions>): client.Controller {
  return client.createController({ ...surroundings(), ...options });
}

/** Events in the name of a component. */
export function createEventRecorder(options: Without<client.EventRecorderOptions>): client.EventRecorder {
  return client.createEventRecorder({ ...surroundings(), ...options });
}

/** One candidate among those that share a Lease: at most one of them leads. Start it, and stop it. */
export function createLeaderElection(options: Without<client.LeaderElectionOptions>): client.LeaderElection {
  return new client.LeaderElection({ ...surroundings(), ...options });
}

function surroundings(): Required<Surroundings> {
  return {
    clock: systemClock,
    random: systemRandom,
    logger: createLogger({ level: 'warn', clock: systemClock, write: (line) => void process.stderr.write(line) }),
  };
}
