import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '#kit';
import type { Access } from '../access/access.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { unsupported } from '../errors.ts';
import type { Limits } from '../limits/rate.ts';
import { type Metrics, sendMetrics } from '../metrics/metrics.ts';
import { answerError, type Exchange } from './exchange.ts';
import { type Route, routeOf } from './route.ts';

/** What each request passes on its way in; a part that is not in force is undefined. */
export interface EdgeParts {
  readonly limits: Limits | undefined;
  readonly access: Access | undefined;
  readonly audit: AuditLog | undefined;
  readonly metrics: Metrics | undefined;
  readonly logger: Logger;
  /** Does what is asked for, once it may be. `visible` is what of the repositories the asking one sees. */
  readonly serve: (exchange: Exchange, route: Route) => Promise<void>;
}

/** Takes a request: counted, limited, admitted, served, and written down when it has ended. */
export async function takeRequest(parts: EdgeParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(`http://registry${request.url ?? '/'}`);
  if (!url) {
    response.writeHead(400).end();
    return;
  }
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  const passing: Passing = { exchange: { request, response, url }, route: undefined, client: request.socket.remoteAddress ?? '' };
  response.once('close', () => writeDown(parts, passing));
  try {
    await pass(parts, passing);
  } catch (error) {
    answerError(passing.exchange, error, parts.logger);
  }
}

/** A request as far as it has come. */
interface Passing {
  exchange: Exchange;
  route: Route | undefined;
  readonly client: string;
}

async function pass(parts: EdgeParts, passing: Passing): Promise<void> {
  const { limits, access, metrics } = parts;
  const { request, response, url } = passing.exchange;
  try {
    passing.route = routeOf(request.method, url.pathname);
  } finally {
    metrics?.watch(passing.exchange, passing.route?.kind ?? 'other');
  }
  const { route } = passing;
  limits?.countRequest(passing.client);
  if (route.kind === 'token' && access !== undefined) return access.serveToken(passing.exchange);
  if (access !== undefined) {
    const actor = await access.gate.admit(passing.exchange, route);
    const mayPull = (repository: string) => access.gate.mayPull(actor, repository);
    passing.exchange = { ...passing.exchange, ...(actor.name === undefined ? {} : { user: actor.name }), mayPull };
  }
  if (route.kind === 'token' || (route.kind === 'metrics' && metrics === undefined)) throw unsupported(`${request.method} ${url.pathname}`);
  if (route.kind === 'metrics' && metrics !== undefined) return sendMetrics(metrics, response);
  if (limits !== undefined && route.kind === 'upload' && request.method !== 'GET') response.once('close', limits.countUpload(passing.client));
  return parts.serve(passing.exchange, route);
}

function writeDown({ audit }: EdgeParts, { exchange: { request, response, user }, route, client }: Passing): void {
  if (audit === undefined || route === undefined) return;
  const agent = request.headers['user-agent'];
  audit.write({
    user,
    address: client,
    method: request.method ?? '',
    kind: route.kind,
    ...('name' in route ? { repository: route.name } : {}),
    ...('reference' in route ? { reference: route.reference } : {}),
    status: response.statusCode,
    ...(agent === undefined ? {} : { agent }),
  });
}
