import type { Readable } from 'node:stream';
import type { V1Container, V1HTTPGetAction, V1Probe } from '#cluster/api';
import { type Clock, messageOf, type ProcessStreams } from '#kit';
import type { NodeWires } from '../types.ts';

export interface ProbeTarget {
  readonly container: V1Container;
  readonly address: string;
  readonly wires: NodeWires;
  exec(command: readonly string[]): Promise<ProcessStreams>;
}
export interface ProbeOutcome {
  readonly success: boolean;
  /** What went wrong, or what was said. */
  readonly output: string;
}

const OUTPUT_BYTES_MAX = 10 * 1024;

/** Makes one probe, within its time. Never throws: what goes wrong is a failure with words. */
export async function performProbe(probe: V1Probe, target: ProbeTarget, clock: Clock): Promise<ProbeOutcome> {
  const timeout_seconds = probe.timeoutSeconds || 1;
  const late = new AbortController();
  using _timer = clock.setTimer(timeout_seconds * 1000, () => late.abort(new Error(`context deadline exceeded: no answer within ${timeout_seconds}s`)));
  try {
    return await perform(probe, target, late.signal);
  } catch (error) {
    return { success: false, output: messageOf(late.signal.aborted ? late.signal.reason : error) };
  }
}

async function perform(probe: V1Probe, target: ProbeTarget, signal: AbortSignal): Promise<ProbeOutcome> {
  if (probe.exec) return await runCommand(probe.exec.command ?? [], target, signal);
  if (probe.httpGet) return await getHttp(probe.httpGet, target, signal);
  if (probe.tcpSocket) {
    const port = portOf(probe.tcpSocket.port, target.container);
    await target.wires.dial(probe.tcpSocket.host || target.address, port, signal);
    return { success: true, output: '' };
  }
  return { success: false, output: 'the probe names no exec, httpGet or tcpSocket' };
}

/** The number of a port that may be given by its name. Errors: an unknown name. */
export function portOf(port: string | number, container: V1Container): number {
  const number = Number(port);
  if (Number.isInteger(number)) return number;
  const named = container.ports?.find(({ name }) => name === port);
  if (named === undefined) throw new Error(`couldn't find port: ${port} in container ${container.name}`);
  return named.containerPort;
}

/** One request; any status from 200 to 399 is a success. */
export async function getHttp(
  action: V1HTTPGetAction,
  { container, address, wires }: Pick<ProbeTarget, 'container' | 'address' | 'wires'>,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const host = action.host || address;
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const url = `${scheme}://${host}:${portOf(action.port, container)}${path}`;
  const given = (action.httpHeaders ?? []).map(({ name, value }) => [name, value ?? ''] as const);
  const headers = { 'User-Agent': 'kube-probe/1.36', Accept: '*/*', Connection: 'close', ...Object.fromEntries(given) };
  const code = await wires.getHttp(url, { headers, signal });
  return { success: code >= 200 && code < 400, output: `HTTP probe failed with statuscode: ${code}` };
}

/** Runs a command in the container; exit code 0 is a success. */
export async function runCommand(command: readonly string[], target: Pick<ProbeTarget, 'exec'>, signal: AbortSignal): Promise<ProbeOutcome> {
  const streams = await target.exec(command);
  const late = Promise.withResolvers<never>();
  const onAbort = () => late.reject(signal.reason instanceof Error ? signal.reason : new Error('given up'));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const outputs = [streams.stdout, streams.stderr].map((stream) => (stream ? readSome(stream) : Promise.resolve('')));
    const code = await Promise.race([streams.exited, late.promise]);
    const output = (await Promise.all(outputs)).join('');
    return { success: code === 0, output: output.trim() || `command exited with ${code}` };
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (signal.aborted) streams.detach();
  }
}

/** Reads to the end, keeping the beginning. */
async function readSome(stream: Readable): Promise<string> {
  const kept: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk);
      if (size < OUTPUT_BYTES_MAX) kept.push(bytes.subarray(0, OUTPUT_BYTES_MAX - size));
      size += bytes.length;
    }
  } catch (error) {
    kept.push(Buffer.from(messageOf(error)));
  }
  return Buffer.concat(kept).toString('utf8');
}
