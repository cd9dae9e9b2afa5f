import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type Clock, type Logger, nodeHttp, type Random } from '#kit';
import type { ImageStore, RemoteOptions } from '#image';
import { openAccess } from './access/access.ts';
import { AuditLog } from './audit/audit-log.ts';
import { serveBlob } from './blobs.ts';
import type { CollectReport } from './collect.ts';
import { Collector } from './collector.ts';
import { nameUnknown, notLoopback, unsupported } from './errors.ts';
import { Hooks } from './hooks/hooks.ts';
import { Certificate } from './http/certificate.ts';
import { type EdgeParts, takeRequest } from './http/edge.ts';
import { answer, type Exchange, pageOf } from './http/exchange.ts';
import type { Route } from './http/route.ts';
import { Limits } from './limits/rate.ts';
import { serveManifest, serveReferrers } from './manifests.ts';
import { type Gauge, Metrics } from './metrics/metrics.ts';
import { quotaBy } from './quota.ts';
import { Repositories } from './repositories.ts';
import type { RegistrySettings } from './settings.ts';
import { checkPlace, storageBy } from './storage/choose.ts';
import type { BlobStorage } from './storage/types.ts';
import { Uploads } from './uploads.ts';
import { Upstreams } from './upstream/upstreams.ts';

export interface RegistryOptions {
  readonly images: ImageStore;
  /** A folder of the registry's own: repositories and unfinished uploads are recorded there. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How upstreams are talked with: proxies, authorities. */
  readonly remote?: RemoteOptions;
  /** Nothing beyond the plain specification when left out. */
  readonly settings?: RegistrySettings;
}
export interface Registry {
  /** Reads what is recorded; before the first request. `listen` does it too. Errors: `REGISTRY_SETTINGS_INVALID`. */
  start(): Promise<void>;
  /** Shows a further figure at `/metrics`. */
  addGauge(gauge: Gauge): void;
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** Listens on a loopback address, or on any where the settings allow it; port 0 lets the system choose. Errors: `REGISTRY_NOT_LOOPBACK`, `REGISTRY_SETTINGS_INVALID`. */
  listen(place: { readonly host: string; readonly port: number }): Promise<{ readonly address: string; readonly port: number }>;
  /** Applies the rules of retention and takes away what nothing needs, while it serves; or says what would go. */
  collect(options: { readonly dryRun: boolean }): Promise<CollectReport>;
  /** Stops listening and ends what is under way. */
  stop(): Promise<void>;
}

/** Makes an OCI distribution server (specification 1.1) over the image store's content. A repository shows what was pushed to it, nothing else. */
export function createRegistry(options: RegistryOptions): Registry {
  const { dataDir, clock, random, logger, settings = {} } = options;
  const { open: openContent, collector, ...content } = contentOf(options);
  const hooks = new Hooks(settings.hooks ?? [], { dataDir, clock, random, logger });
  const upstreams =
    settings.upstreams === undefined
      ? undefined
      : new Upstreams({ ...options, ...cacheBound(settings), settings: settings.upstreams, isOwn: (name) => content.repositories.find(name) !== undefined });
  const parts: RouteParts = { ...content, hooks, upstreams };
  const gauges = [...gaugesOf(parts)];
  const certificate = settings.tls === undefined ? undefined : new Certificate(settings.tls, { clock, logger });
  let edge: EdgeParts | undefined;
  const open = async (): Promise<void> => {
    await openContent();
    await upstreams?.open();
    await hooks.open();
    const access = settings.access === undefined ? undefined : await openAccess(settings.access, { ...options, isEncrypted: settings.tls !== undefined });
    const audit = settings.audit === undefined ? undefined : await AuditLog.open(settings.audit, { clock, logger });
    if (audit !== undefined) gauges.push({ name: 'audit_entries_lost', help: 'Requests that the audit log does not tell of.', read: () => audit.lost });
    edge = {
      access,
      audit,
      limits: settings.limits === undefined ? undefined : new Limits(settings.limits, clock),
      metrics: settings.metrics === true ? new Metrics(clock, gauges) : undefined,
      logger,
      serve: (exchange, route) => serve(parts, exchange, route),
    };
  };
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    if (edge === undefined) throw new TypeError('the registry was not started');
    void takeRequest(edge, request, response);
  };
  let server: Server | undefined;
  let started: Promise<void> | undefined;
  const start = () => (started ??= open());
  return {
    start,
    handler,
    addGauge: (gauge) => void gauges.push(gauge),
    async listen({ host, port }) {
      checkReach(host, settings);
      await start();
      server = await makeServer(certificate, handler);
      return listening(server, host, port);
    },
    collect: (how) => collector.collect(how),
    async stop() {
      await collector.stop();
      if (server) {
        const closed = new Promise<void>((resolve) => server?.close(() => resolve()));
        server.closeAllConnections();
        await closed;
      }
      certificate?.stop();
      await hooks.stop();
      await upstreams?.stop();
      await edge?.access?.stop();
      await edge?.audit?.stop();
    },
  };
}

// A transfer lasts as long as it lasts.
const SERVER_OPTIONS = { requestTimeout: 0 } as const;

async function makeServer(certificate: Certificate | undefined, handler: Registry['handler']): Promise<Server> {
  if (certificate === undefined) return nodeHttp().createServer(SERVER_OPTIONS, handler);
  const { createServer } = await import('node:https');
  const server = createServer({ ...SERVER_OPTIONS, ...(await certificate.open()) }, handler);
  certificate.follow((pair) => server.setSecureContext(pair));
  return server;
}

/** What it has, and what takes care of it. */
function contentOf({ images, dataDir, logger, settings = {}, clock, random }: RegistryOptions) {
  const storage = storageBy(settings.storage?.s3, { dataDir, images, clock, random });
  const quotaOf = quotaBy(settings.quota ?? {});
  const repositories = new Repositories({ dataDir, storage, clock, quotaOf });
  const uploads = new Uploads({ dataDir, images, storage, repositories, quotaOf });
  const rules = settings.retention === undefined ? {} : { retention: settings.retention };
  const collector = new Collector({ repositories, storage, clock, logger, every_ms: settings.collect?.every_ms, ...rules });
  const open = async () => {
    await checkPlace(dataDir, settings.storage?.s3);
    await repositories.open();
    await uploads.open();
    collector.start();
  };
  return { storage, repositories, uploads, collector, open };
}

interface RouteParts {
  readonly storage: BlobStorage;
  readonly repositories: Repositories;
  readonly uploads: Uploads;
  readonly hooks: Hooks;
  readonly upstreams: Upstreams | undefined;
}

function cacheBound({ cacheMax }: RegistrySettings): Pick<RegistrySettings, 'cacheMax'> {
  return cacheMax === undefined ? {} : { cacheMax };
}

async function serve(parts: RouteParts, exchange: Exchange, route: Route): Promise<void> {
  if (await parts.upstreams?.serve(exchange, route)) return;
  switch (route.kind) {
    case 'base':
      return answer(exchange, 200, {}, {});
    case 'catalog':
      return serveCatalog(parts, exchange);
    case 'upload':
      return route.id === undefined ? parts.uploads.begin(exchange, route.name) : parts.uploads.serve(exchange, route.name, route.id);
    case 'blob':
      return serveBlob(parts, exchange, route.name, route.reference);
    case 'manifest':
      return serveManifest(parts, exchange, route.name, route.reference);
    case 'referrers':
      mustRead(exchange);
      return serveReferrers(parts, exchange, route.name, route.reference);
    case 'tags':
      mustRead(exchange);
      return serveTags(parts, exchange, route.name);
    case 'token':
    case 'metrics':
      throw new TypeError(`${route.kind} are the edge's to serve`);
  }
}

function mustRead({ request, url }: Exchange): void {
  if (request.method !== 'GET') throw unsupported(`${request.method} ${url.pathname}`, 'GET');
}

function serveCatalog({ repositories }: RouteParts, exchange: Exchange): void {
  const { page, headers } = pageOf(repositories.names().filter(exchange.maySee ?? (() => true)), exchange.url);
  answer(exchange, 200, headers, { repositories: page });
}

function serveTags({ repositories }: RouteParts, exchange: Exchange, name: string): void {
  const repository = repositories.find(name);
  if (!repository) throw nameUnknown(name);
  const { page, headers } = pageOf([...repository.tags.keys()].sort(), exchange.url);
  answer(exchange, 200, headers, { name, tags: page });
}

function gaugesOf({ repositories, uploads, hooks }: RouteParts): readonly Gauge[] {
  return [
    { name: 'repositories', help: 'Repositories that hold something.', read: () => repositories.names().length },
    { name: 'blobs', help: 'Blobs of all repositories; one that several have counts for each.', read: () => repositories.blobCount },
    { name: 'uploads_open', help: 'Uploads that were begun and not ended.', read: () => uploads.count },
    { name: 'hook_events_waiting', help: 'Events that receivers have yet to be told of.', read: () => hooks.waiting },
    { name: 'hook_events_lost', help: 'Events that no receiver will be told of: too many were waiting.', read: () => hooks.lost },
  ];
}

function listening(server: Server, host: string, port: number): Promise<{ address: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const bound = server.address();
      if (bound === null || typeof bound === 'string') return reject(new TypeError('the registry listens on no port'));
      resolve({ address: bound.address, port: bound.port });
    });
  });
}

/** Errors: `REGISTRY_NOT_LOOPBACK` for an address that others than this machine could reach, where the settings don't allow it. */
export function checkReach(host: string, settings: RegistrySettings): void {
  if (settings.insecure !== true && settings.tls === undefined && !isLoopback(host)) throw notLoopback(host);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
