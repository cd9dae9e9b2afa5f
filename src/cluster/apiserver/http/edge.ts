import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isSystemError, randomUuid } from '#kit';
import { type ApiHandler, badRequest, type UserInfo, type Verb } from '#cluster/api';
import { attributesOf } from '../auth/attributes.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import { impersonated } from '../auth/impersonate.ts';
import { HISTORY_PATH, momentOf } from './history.ts';
import { issuerDocument } from '../auth/tokens/issuer-discovery.ts';
import type { Context } from '../context.ts';
import type { Discovery } from '../discovery/discovery.ts';
import { methodNotAllowed, noSuchPath, NoSuchPathError, unauthorized, unsupportedMediaType } from '../errors.ts';
import type { ProxyRequest } from '../proxy/serve.ts';
import { podLog } from '../streams/logs.ts';
import { PATCH_TYPES } from '../verbs/patch-types.ts';
import { parseBody, READABLE, readBody } from './body.ts';
import type { Body } from './body-value.ts';
import { inTime, leaveUnread, within } from './deadline.ts';
import { answerHealth, type HealthCheck, healthLines } from './health.ts';
import { type Form, sendResponse } from './forms.ts';
import { InFlight, type RequestLimits, timeoutOf } from './limits.ts';
import { type Listener, listenAt, type ListenOptions } from './listener.ts';
import { isLongRunning, isPodStream, isProxy, isReading, someTime, STREAMING } from './long-running.ts';
import { parseMediaType } from './negotiate.ts';
import { formOf, programOf, queryOf, requireType, type ResourceRoute, urlOf, verbOf } from './request.ts';
import { sendError, sendJson, sendPageNotFound, sendText, statusErrorOf } from './respond.ts';
import { parsePath, type Route } from './route.ts';
import { refuseStream } from './refuse-stream.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';
import type { Upgrades } from './upgrade.ts';
import { versionInfo } from './version-info.ts';
import { drained } from './watch-response.ts';
import { YamlReader } from './yaml-reader.ts';

export interface EdgeOptions {
  readonly context: Context;
  readonly handler: ApiHandler;
  readonly discovery: Discovery;
  readonly authenticator: Authenticator;
  readonly version: string;
  readonly checks: readonly HealthCheck[];
  readonly metrics: () => Promise<string>;
  readonly limits: RequestLimits;
}

const COUNTED_AS: Readonly<Record<string, Verb>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** In which the last bytes reach their clients, once all is answered. */
const LAST_BYTES_MS = 1_000;

/** HTTPS in front of the handler: who asks, what is asked, and in which form the answer goes back. */
export class HttpEdge {
  readonly #options: EdgeOptions;
  #upgrades: Promise<Upgrades> | undefined;
  readonly #upgraded = new Set<Duplex>();
  readonly #yaml = new YamlReader();
  readonly #listeners = new Set<Listener>();
  readonly #inFlight: InFlight;
  /** What is being answered; aborting ends what is open for long. */
  readonly #answering = new Map<ServerResponse, AbortController>();
  /** Why work is given up. One for all: to make it tells where it was made, which takes longer than many an answer. */
  readonly #gone = new Error('nobody waits for the answer any longer');
  #stopping = false;

  constructor(options: EdgeOptions) {
    this.#options = options;
    this.#inFlight = new InFlight(options.limits);
  }

  async listen(options: ListenOptions): Promise<{ readonly address: string; readonly port: number }> {
    const listener = await listenAt(options, this.#options.limits, {
      request: (request, response) => void this.#answer(request, response),
      upgrade: (request, socket, head) => void this.#upgrade(request, socket, head),
    });
    this.#listeners.add(listener);
    return listener;
  }

  /** Takes no more connections, answers what it has, ends what is open for long, and then lets go of every client. */
  async close(): Promise<void> {
    const { context, limits } = this.#options;
    this.#stopping = true;
    const closed = Promise.all([...this.#listeners].map((listener) => listener.close()));
    for (const socket of this.#upgraded) socket.destroy();
    const open = [...this.#answering];
    // Who is answered by then is told that no more comes by this connection.
    for (const [response] of open) if (!response.headersSent) response.shouldKeepAlive = false;
    await within(context.clock, limits.requestTimeout_ms, this.#inFlight.empty());
    for (const [, long] of this.#answering) long.abort(this.#gone);
    await within(context.clock, LAST_BYTES_MS, closed);
    for (const listener of this.#listeners) listener.destroy();
    await closed;
    this.#listeners.clear();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Who looks for a request in an audit log finds it by this.
    response.setHeader('audit-id', request.headers['audit-id'] ?? randomUuid(this.#options.context.random));
    const gone = new AbortController();
    this.#answering.set(response, gone);
    if (this.#stopping) response.shouldKeepAlive = false;
    response.once('close', () => {
      gone.abort(this.#gone);
      this.#answering.delete(response);
      // By a connection that was promised to stay nothing more comes.
      if (this.#stopping) for (const listener of this.#listeners) listener.closeIdle();
    });
    response.on('error', () => gone.abort(this.#gone));
    try {
      await this.#route(request, response, gone);
    } catch (thrown) {
      // What is still done of it is for nobody.
      gone.abort(this.#gone);
      // A client that has left needs no answer, and is nobody's fault.
      if (response.destroyed && (thrown === this.#gone || isSystemError(thrown, 'ECONNRESET'))) return;
      const error = statusErrorOf(thrown, this.#options.context.logger);
      this.#countRefused(request, thrown, error.status);
      if (response.destroyed) return;
      if (thrown instanceof NoSuchPathError && !this.#isOfApi(request)) sendPageNotFound(response);
      else await sendError(response, error);
    } finally {
      if (!request.complete && !request.destroyed) leaveUnread(request, this.#options.context.clock);
    }
  }

  /** Whether a path lies in what there is of groups: only there a refusal is an object of the API. */
  #isOfApi({ url = '/' }: IncomingMessage): boolean {
    const [, root, group = ''] = url.split(/[/?]/);
    return root === 'api' || (root === 'apis' && this.#options.discovery.hasGroup(group));
  }

  /** What was refused before the handler saw it is counted here. */
  #countRefused({ method = 'GET', url = '/' }: IncomingMessage, thrown: unknown, status: number): void {
    const route = parsePath(url.split('?', 1)[0] ?? '/');
    if (route.kind === 'resource') this.#options.context.metrics.refused({ ...route, verb: COUNTED_AS[method] ?? 'get' }, thrown, status);
  }

  async #route(request: IncomingMessage, response: ServerResponse, gone: AbortController): Promise<void> {
    const url = urlOf(request);
    if (await this.#answerAnyone(url, response)) return;
    const user = this.#userOf(request);
    const route = parsePath(url.pathname);
    const query = queryOf(url);
    const call: Call = { request, response, url, route, query, user, signal: gone.signal };
    if (isLongRunning(request, route, query)) return await this.#dispatch(call);
    const timeout_ms = timeoutOf(query, this.#options.limits);
    const leave = this.#inFlight.enter(isReading(request) ? 'reading' : 'writing', user);
    response.once('close', leave);
    await inTime(call, timeout_ms, this.#options.context.clock, () => this.#dispatch(call));
  }

  async #dispatch(call: Call): Promise<void> {
    const { route } = call;
    await (route.kind === 'resource' ? this.#resource({ ...call, route }) : this.#answerOther(call));
  }

  /** Errors: 401 where nobody in particular asks, 403 where he may not act as the one whom he names. */
  #userOf(request: IncomingMessage): UserInfo {
    const { authenticator, context } = this.#options;
    const user = authenticator.authenticate(request);
    if (!user) throw unauthorized();
    return impersonated(request, user, context.authorizer);
  }

  /** Health and version: for everybody. */
  async #answerAnyone(url: URL, response: ServerResponse): Promise<boolean> {
    const { checks, version } = this.#options;
    if (url.pathname !== '/version' && url.pathname !== '/version/') return answerHealth(response, url, checks);
    if (response.req.method !== 'GET') throw methodNotAllowed();
    requireType(response.req, 'application/json');
    sendJson(response, 200, versionInfo(version));
    return true;
  }

  async #answerOther({ request, response, url, route, user }: Call): Promise<void> {
    const { context } = this.#options;
    context.authorizer.require(user, { verb: (request.method ?? 'GET').toLowerCase(), path: url.pathname });
    if (request.method !== 'GET') throw methodNotAllowed();
    const document = issuerDocument(url.pathname, context.tokens);
    if (document) {
      requireType(request, document.type);
      return sendJson(response, 200, document.body, document.type, 'public, max-age=3600');
    }
    if (url.pathname === '/metrics') return sendText(response, 200, await this.#options.metrics(), METRICS_TYPE);
    if (url.pathname === '/metrics/slis') return sendText(response, 200, `${(await healthLines(this.#options.checks)).join('\n')}\n`, METRICS_TYPE);
    if (url.pathname === HISTORY_PATH) return sendJson(response, 200, await momentOf(context.store, url.searchParams));
    await this.#options.discovery.answer(request, response, url, route);
  }

  async #resource({ request, response, url, route, query, user, signal }: Call & { readonly route: ResourceRoute }): Promise<void> {
    const { context, handler, limits } = this.#options;
    const { resource, namespace, name, subresource } = route;
    if (isProxy(route)) return await this.#proxy(request, response, url, route, user);
    if (route.rest !== undefined) throw noSuchPath();
    if (isPodStream(route)) {
      if (subresource === 'log') return await this.#log(response, route, query, user, signal);
      context.authorizer.require(user, attributesOf(route, COUNTED_AS[request.method ?? 'GET'] ?? 'get'));
      return refuseStream(context, request.method, route, query.container);
    }
    const verb = verbOf(request.method ?? 'GET', route, query);
    if (verb === 'watch' && Number(query.timeoutSeconds ?? 0) === 0) query.timeoutSeconds = someTime(limits, context.random);
    const { form, mediaType, body } = await this.#read(request, verb).catch((error: unknown) => {
      // Who may not is told that, whatever he sends.
      context.authorizer.require(user, attributesOf(route, verb));
      throw error;
    });
    // Who applies has to say in whose name.
    if (!query.fieldManager && !mediaType.startsWith('application/apply-patch')) query.fieldManager = programOf(request);
    const answer = await handler.handle({
      verb,
      resource,
      query,
      user,
      signal,
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      ...(subresource === undefined ? {} : { subresource }),
      ...(body === undefined ? {} : { body: body.value, repeated: body.repeated }),
      ...(verb === 'patch' ? { contentType: mediaType } : {}),
    });
    await sendResponse(response, answer, { ...form, resource, subresource, includeObject: query.includeObject }, context);
  }

  /** In which form the answer is wanted, and the body. Errors: 406, 413, 415, 400. */
  async #read(request: IncomingMessage, verb: Verb): Promise<{ form: Form; mediaType: string; body: Body | undefined }> {
    const mediaType = parseMediaType(request.headers['content-type'] ?? '').type;
    const withBody = request.method !== 'GET' && request.method !== 'HEAD';
    const readable = verb === 'patch' ? PATCH_TYPES : READABLE;
    if (withBody && !readable.includes(mediaType) && (verb === 'patch' || mediaType !== '')) throw unsupportedMediaType(mediaType, readable);
    const form = formOf(request, verb === 'watch');
    const bytes = withBody ? await readBody(request) : undefined;
    return { form, mediaType, body: bytes && bytes.length > 0 ? await parseBody(bytes, mediaType, this.#yaml) : undefined };
  }

  async #proxy(request: IncomingMessage, response: ServerResponse, url: URL, route: ResourceRoute, user: UserInfo): Promise<void> {
    const { context } = this.#options;
    context.authorizer.require(user, attributesOf(route, COUNTED_AS[request.method ?? 'GET'] ?? 'get'));
    const { serveProxy } = await import('../proxy/serve.ts');
    using _open = context.metrics.open({ ...route, verb: 'connect' });
    await serveProxy(context, await proxyRequestOf(url, route), request, response);
    context.metrics.answered({ ...route, verb: 'connect' }, response.statusCode);
  }

  async #log(response: ServerResponse, route: ResourceRoute, query: Record<string, string>, user: UserInfo, signal: AbortSignal): Promise<void> {
    const { context } = this.#options;
    context.authorizer.require(user, attributesOf(route, 'get'));
    const pieces = await podLog(context, route.namespace ?? '', route.name ?? '', query, signal);
    context.metrics.answered({ ...route, verb: 'connect' }, 200);
    using _open = context.metrics.open({ ...route, verb: 'connect' });
    response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    for await (const piece of pieces) {
      if (response.destroyed) return;
      if (!response.write(piece) && !(await drained(response, context.clock))) return;
    }
    response.end();
  }

  async #proxyUpgrade({ request, socket, head, url, route, user }: Upgrading): Promise<void> {
    const { authorizer, metrics } = this.#options.context;
    authorizer.require(user, attributesOf(route, COUNTED_AS[request.method ?? 'GET'] ?? 'get'));
    const { serveProxyUpgrade } = await import('../proxy/serve.ts');
    using _open = metrics.open({ ...route, verb: 'connect' });
    await serveProxyUpgrade(this.#options.context, await proxyRequestOf(url, route), request, socket, head);
    metrics.answered({ ...route, verb: 'connect' }, 101);
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    // A client that goes away without a word ends its own session only.
    socket.on('error', () => socket.destroy());
    const { metrics } = this.#options.context;
    try {
      const url = urlOf(request);
      const user = this.#userOf(request);
      const route = parsePath(url.pathname);
      if (route.kind === 'resource' && isProxy(route)) return await this.#proxyUpgrade({ request, socket, head, url, route, user });
      if (route.kind !== 'resource' || !isPodStream(route) || !STREAMING.has(route.subresource ?? ''))
        throw badRequest('Upgrade requests are only for exec, attach and portforward of pods, and for proxies');
      const { authorizer } = this.#options.context;
      if (request.method !== 'POST') authorizer.require(user, attributesOf(route, 'get'));
      // A WebSocket begins with GET whatever it is for; a process in a Pod, or a way into it, is made.
      authorizer.require(user, attributesOf(route, 'create'));
      const { namespace = '', name = '', subresource = '' } = route;
      const counted = { ...route, verb: 'connect' as const };
      const open = metrics.open(counted);
      socket.once('close', () => open[Symbol.dispose]());
      this.#upgrades ??= loadUpgrades(this.#options.context);
      await (await this.#upgrades).serve({ request, socket, head, namespace, name, subresource, parameters: url.searchParams });
      metrics.answered(counted, 101);
    } catch (thrown) {
      const error = statusErrorOf(thrown, this.#options.context.logger);
      this.#countRefused(request, thrown, error.status);
      refuseUpgrade(socket, error);
    }
  }
}

/** One request, as far as it is understood. */
interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly route: Route;
  readonly query: Record<string, string>;
  readonly user: UserInfo;
  /** Aborted when the client goes, or is not waited for any longer. */
  readonly signal: AbortSignal;
}

interface Upgrading {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly url: URL;
  readonly route: ResourceRoute;
  readonly user: UserInfo;
}

/** WebSockets and SPDY are loaded when the first client wants them. */
async function loadUpgrades(context: Context): Promise<Upgrades> {
  const loaded = await import('./upgrade.ts');
  return new loaded.Upgrades(context);
}

/** What is to be passed on, in the words of the path as it was sent. Errors: 404. */
async function proxyRequestOf(url: URL, { resource, namespace, name = '' }: ResourceRoute): Promise<ProxyRequest> {
  const { proxyPath } = await import('../proxy/serve.ts');
  const parts = proxyPath(url);
  if (!parts) throw noSuchPath();
  return { resource: resource.resource, namespace, name, search: url.search, ...parts };
}
