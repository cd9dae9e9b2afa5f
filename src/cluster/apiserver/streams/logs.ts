import { badRequest } from '#cluster/api';
import type { LogLine } from '#kit';
import type { Context } from '../context.ts';
import { flag, wholeNumber } from '../verbs/options.ts';
import { findContainer } from './pod-target.ts';

type Query = Readonly<Record<string, string>>;

/** The bytes of a container's log as `GET …/pods/NAME/log` gives them. Errors: 400, 404, 503, and the node agent's words. */
export async function podLog(context: Context, namespace: string, name: string, query: Query, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const tail = notNegative(query, 'tailLines');
  const limit_bytes = wholeNumber(query, 'limitBytes');
  if (limit_bytes !== undefined && limit_bytes < 1) throw badRequest(`Invalid value for limitBytes: ${limit_bytes}: must be greater than 0`);
  const since_ms = sinceOf(context, query);
  const { target, node } = findContainer(context, namespace, name, query.container, 'read logs');
  const lines = await node.logs(target, {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    signal,
    ...(tail === undefined ? {} : { tail }),
    ...(since_ms === undefined ? {} : { since_ms }),
  });
  return limited(format(lines, flag(query, 'timestamps')), limit_bytes ?? Number.POSITIVE_INFINITY);
}

function notNegative(query: Query, name: string): number | undefined {
  const value = wholeNumber(query, name);
  if (value !== undefined && value < 0) throw badRequest(`Invalid value for ${name}: ${value}: must be greater than or equal to 0`);
  return value;
}

function sinceOf(context: Context, query: Query): number | undefined {
  const seconds = wholeNumber(query, 'sinceSeconds');
  if (seconds !== undefined && query.sinceTime) throw badRequest('at most one of `sinceTime` or `sinceSeconds` may be specified');
  if (seconds !== undefined) {
    if (seconds < 1) throw badRequest(`Invalid value for sinceSeconds: ${seconds}: must be greater than 0`);
    return context.clock.now() - seconds * 1000;
  }
  if (!query.sinceTime) return undefined;
  const time = Date.parse(query.sinceTime);
  if (Number.isNaN(time)) throw badRequest(`Invalid value for sinceTime: "${query.sinceTime}": want a time such as 2026-01-02T15:04:05Z`);
  return time;
}

async function* format(lines: AsyncIterable<LogLine>, timestamps: boolean): AsyncGenerator<Uint8Array> {
  let atStart = true;
  for await (const line of lines) {
    yield timestamps && atStart ? Buffer.concat([Buffer.from(`${line.time} `), line.content]) : line.content;
    atStart = !line.partial;
  }
}

async function* limited(pieces: AsyncIterable<Uint8Array>, limit_bytes: number): AsyncGenerator<Uint8Array> {
  let left = limit_bytes;
  for await (const piece of pieces) {
    yield piece.length > left ? piece.subarray(0, left) : piece;
    left -= piece.length;
    if (left <= 0) return;
  }
}
