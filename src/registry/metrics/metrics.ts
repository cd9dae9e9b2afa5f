import type { ServerResponse } from 'node:http';
import type { Clock } from '#kit';
import type { Exchange } from '../http/exchange.ts';

/** A figure that is asked for when somebody looks. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly read: () => number;
}

const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

interface Durations {
  readonly buckets: number[];
  count: number;
  sum_s: number;
}

/** Counts what the registry does, and tells it in the text form of Prometheus (exposition format 0.0.4). */
export class Metrics {
  readonly #clock: Clock;
  readonly #gauges: readonly Gauge[];
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<string, Durations>();
  #underWay = 0;
  #received_bytes = 0;
  #sent_bytes = 0;

  constructor(clock: Clock, gauges: readonly Gauge[]) {
    this.#clock = clock;
    this.#gauges = gauges;
  }

  /** Counts a request from now to the end of its answer. */
  watch({ request, response }: Exchange, route: string): void {
    const begun_ms = this.#clock.monotonic();
    const { socket } = request;
    const [read, written] = [socket.bytesRead, socket.bytesWritten];
    this.#underWay += 1;
    response.once('close', () => {
      this.#underWay -= 1;
      this.#received_bytes += socket.bytesRead - read;
      this.#sent_bytes += socket.bytesWritten - written;
      const labels = `method="${request.method}",route="${route}",code="${response.writableFinished ? response.statusCode : 499}"`;
      this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1);
      this.#time(route, (this.#clock.monotonic() - begun_ms) / 1000);
    });
  }

  #time(route: string, took_s: number): void {
    const durations = this.#durations.get(route) ?? { buckets: BOUNDS_S.map(() => 0), count: 0, sum_s: 0 };
    this.#durations.set(route, durations);
    for (const [index, bound] of BOUNDS_S.entries()) if (took_s <= bound) durations.buckets[index] = (durations.buckets[index] ?? 0) + 1;
    durations.count += 1;
    durations.sum_s += took_s;
  }

  text(): string {
    const histogram = [...this.#durations].flatMap(([route, { buckets, count, sum_s }]) => [
      ...BOUNDS_S.map((bound, index) => `gantry_registry_request_duration_seconds_bucket{route="${route}",le="${bound}"} ${buckets[index]}`),
      `gantry_registry_request_duration_seconds_bucket{route="${route}",le="+Inf"} ${count}`,
      `gantry_registry_request_duration_seconds_sum{route="${route}"} ${sum_s}`,
      `gantry_registry_request_duration_seconds_count{route="${route}"} ${count}`,
    ]);
    const requests = [...this.#requests].map(([labels, count]) => `gantry_registry_requests_total{${labels}} ${count}`);
    const counters = { received: this.#received_bytes, sent: this.#sent_bytes };
    return [
      ...family('gantry_registry_requests_total', 'counter', 'Requests answered; 499: the client went away first.', requests),
      ...family('gantry_registry_request_duration_seconds', 'histogram', 'Time from the head of a request to the end of its answer.', histogram),
      ...Object.entries(counters).flatMap(([way, bytes]) =>
        family(`gantry_registry_${way}_bytes_total`, 'counter', `Bytes ${way} on connections of requests that have ended.`, [
          `gantry_registry_${way}_bytes_total ${bytes}`,
        ]),
      ),
      ...[{ name: 'requests_in_flight', help: 'Requests that are not answered yet.', read: () => this.#underWay }, ...this.#gauges].flatMap(
        ({ name, help, read }) => family(`gantry_registry_${name}`, 'gauge', help, [`gantry_registry_${name} ${read()}`]),
      ),
      '',
    ].join('\n');
  }
}

/** Answers GET of /metrics. */
export function sendMetrics(metrics: Metrics, response: ServerResponse): void {
  const text = metrics.text();
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'content-length': Buffer.byteLength(text) }).end(text);
}

function family(name: string, type: string, help: string, lines: readonly string[]): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}
