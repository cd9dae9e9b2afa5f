import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '#kit';
import type { Access } from '../access/access.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { pathUnknown } from '../errors.ts';
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
  const { limits, metrics } = parts;
  const { request, response, url } = passing.exchange;
  try {
    passing.route = routeOf(request.method, url.pathname);
  } finally {
    metrics?.watch(passing.exchange, passing.route?.kind ?? 'other');
  }
  const { route } = passing;
  const client = await countAndAdmit(parts, passing, route);
  if (client === undefined) return;
  if (route.kind === 'token' || (route.kind === 'metrics' && metrics === undefined)) throw pathUnknown(`${request.method} ${url.pathname}`);
  if (route.kind === 'metrics' && metrics !== undefined) return sendMetrics(metrics, response);
  if (limits !== undefined && route.kind === 'upload' && request.method !== 'GET') response.once('close', limits.countUpload(client));
  return parts.serve(passing.exchange, route);
}

/**
 * Says whom the request is counted for: a user, or the address of those who don't say who they are. A wrong password is the address's too, so that
 * guessing has its limit. Undefined where the answer was given: a token.
 */
async function countAndAdmit({ limits, access }: EdgeParts, passing: Passing, route: Route): Promise<string | undefined> {
  const { exchange, client } = passing;
  if (access === undefined || (exchange.request.headers.authorization === undefined && route.kind !== 'token')) limits?.countRequest(client);
  else limits?.check(client);
  if (access === undefined) return client;
  const wrong = (error: unknown): never => {
    if (exchange.request.headers.authorization !== undefined || route.kind === 'token') limits?.countRequest(client);
    throw error;
  };
  if (route.kind === 'token') {
    const user = await access.serveToken(exchange).catch(wrong);
    limits?.countServed(user === undefined ? client : `user ${user}`);
    if (user !== undefined) passing.exchange = { ...exchange, user };
    return undefined;
  }
  const actor = await access.gate.identify(exchange, route).catch(wrong);
  const { gate } = access;
  passing.exchange = {
    ...exchange,
    ...(actor.name === undefined ? {} : { user: actor.name }),
    mayPull: (repository) => gate.mayPull(actor, repository),
    maySee: (repository) => gate.maySee(actor, repository),
  };
  const counted = actor.name === undefined ? client : `user ${actor.name}`;
  if (exchange.request.headers.authorization !== undefined) limits?.countRequest(counted);
  gate.admit(exchange, route, actor);
  return counted;
}

const ACTIONS_BY_METHOD: Readonly<Record<string, string>> = { GET: 'pull', HEAD: 'pull', DELETE: 'delete' };

function actionOf(method: string, route: Route): string | undefined {
  if (!('name' in route)) return undefined;
  return route.kind === 'upload' ? 'push' : (ACTIONS_BY_METHOD[method] ?? 'push');
}

function writeDown({ audit }: EdgeParts, { exchange: { request, response, user }, route, client }: Passing): void {
  if (audit === undefined || route === undefined) return;
  const digest = response.getHeader('docker-content-digest');
  const agent = request.headers['user-agent'];
  audit.write({
    user,
    address: client,
    method: request.method ?? '',
    action: actionOf(request.method ?? '', route),
    kind: route.kind,
    ...('name' in route ? { repository: route.name } : {}),
    ...('reference' in route ? { reference: route.reference } : {}),
    ...(typeof digest === 'string' ? { digest } : {}),
    status: response.statusCode,
    ...(agent === undefined ? {} : { agent }),
  });
}
