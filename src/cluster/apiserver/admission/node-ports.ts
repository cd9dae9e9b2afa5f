import { type StatusCause, StatusError, type V1Service, type V1ServiceSpec } from '#cluster/api';
import type { Random } from '#kit';
import { wrongField } from './service-parts.ts';

const FIRST = 30000;
const LAST = 32767;
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];

/** Which ports of the nodes Services have, and which are free. */
export class NodePorts {
  readonly #taken: Set<string>;
  readonly #random: Random;
  readonly #kept: ReadonlySet<number | undefined>;

  /** What the Service has by its former spec (`before`) is its own, wherever it lies. */
  constructor(others: readonly V1Service[], random: Random, before?: V1ServiceSpec) {
    this.#random = random;
    this.#kept = new Set((before?.ports ?? []).map(({ nodePort }) => nodePort));
    this.#taken = new Set(others.flatMap(({ spec }) => (spec === undefined ? [] : takenBy(spec))));
  }

  /** Gives each port of the Service a number, or refuses the one that it asks for. Changes `ports`. */
  give(spec: V1ServiceSpec, allocates: boolean): readonly StatusCause[] {
    const wrong: StatusCause[] = [];
    const ports = spec.ports ?? [];
    for (const [index, port] of ports.entries()) {
      if (!port.nodePort) {
        if (!allocates) continue;
        port.nodePort = this.#pick(port, ports);
      } else {
        const problem = this.#problem(keyOf(port.protocol, port.nodePort), port.nodePort);
        if (problem !== undefined) wrong.push(wrongField(`spec.ports[${index}].nodePort`, port.nodePort, problem));
      }
      this.#taken.add(keyOf(port.protocol, port.nodePort));
    }
    return wrong;
  }

  /** The port at which a node says whether it has Pods of the Service. Errors: 500 where the one that is asked for can't be had. */
  giveHealthCheck(spec: V1ServiceSpec): void {
    const wanted = spec.healthCheckNodePort;
    if (!wanted) {
      spec.healthCheckNodePort = this.#free();
      return;
    }
    const problem = PROTOCOLS.map((protocol) => this.#problem(keyOf(protocol, wanted), wanted)).find((one) => one !== undefined);
    if (problem !== undefined)
      throw new StatusError(500, 'InternalError', `Internal error occurred: failed to allocate requested HealthCheck NodePort ${wanted}: ${problem}`);
  }

  #problem(key: string, port: number): string | undefined {
    if (this.#kept.has(port)) return undefined;
    if (port < FIRST || port > LAST) return `provided port is not in the valid range. The range of valid ports is ${FIRST}-${LAST}`;
    return this.#taken.has(key) ? 'provided port is already allocated' : undefined;
  }

  /** One number for all protocols of the same port (as DNS has), else one that nobody has. */
  #pick(wanted: { port: number; protocol?: string }, siblings: V1ServiceSpec['ports'] = []): number {
    const sibling = siblings.find((other) => other.port === wanted.port && other.protocol !== wanted.protocol && other.nodePort)?.nodePort;
    if (sibling !== undefined && !this.#taken.has(keyOf(wanted.protocol, sibling))) return sibling;
    return this.#free(new Set(siblings.map(({ nodePort }) => nodePort)));
  }

  #free(asked: ReadonlySet<number | undefined> = new Set()): number {
    const count = LAST - FIRST + 1;
    const first = Math.floor(this.#random.fraction() * count);
    for (let step = 0; step < count; step++) {
      const port = FIRST + ((first + step) % count);
      if (!asked.has(port) && !PROTOCOLS.some((protocol) => this.#taken.has(keyOf(protocol, port)))) return port;
    }
    throw new StatusError(500, 'InternalError', 'Internal error occurred: failed to allocate a nodePort: range is full');
  }
}

export function takenBy({ ports = [], healthCheckNodePort }: V1ServiceSpec): readonly string[] {
  const own = ports.flatMap(({ protocol, nodePort }) => (nodePort ? [keyOf(protocol, nodePort)] : []));
  return healthCheckNodePort ? [...own, ...PROTOCOLS.map((protocol) => keyOf(protocol, healthCheckNodePort))] : own;
}

function keyOf(protocol: string | undefined, port: number): string {
  return `${protocol ?? 'TCP'}/${port}`;
}
