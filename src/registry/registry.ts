import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type Clock, type Logger, nodeHttp, type Random, systemClock, systemRandom } from '#kit';
import { type ImageStore, isRepository } from '#image';
import { serveBlob } from './blobs.ts';
import type { CollectReport } from './collect.ts';
import { Collector } from './collector.ts';
import { nameInvalid, nameUnknown, notLoopback, unsupported } from './errors.ts';
import { answer, answerError, type Exchange, pageOf } from './exchange.ts';
import { serveManifest, serveReferrers } from './manifests.ts';
import { quotaBy } from './quota.ts';
import { Repositories } from './repositories.ts';
import type { RegistrySettings } from './settings.ts';
import { checkPlace, storageBy } from './storage/choose.ts';
import type { BlobStorage } from './storage/types.ts';
import { Uploads } from './uploads.ts';

export interface RegistryOptions {
  readonly images: ImageStore;
  /** A folder of the registry's own: repositories and unfinished uploads are recorded there. */
  readonly dataDir: string;
  readonly logger: Logger;
  /** Nothing beyond the plain specification when left out. */
  readonly settings?: RegistrySettings;
  /** The machine's own when left out. */
  readonly clock?: Clock;
  readonly random?: Random;
}
export interface Registry {
  /** Reads what is recorded; before the first request. `listen` does it too. */
  start(): Promise<void>;
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** Listens on a loopback address; port 0 lets the system choose. Errors: `REGISTRY_NOT_LOOPBACK`. */
  listen(place: { readonly host: string; readonly port: number }): Promise<{ readonly address: string; readonly port: number }>;
  /** Applies the rules of retention and takes away what nothing needs, while it serves; or says what would go. */
  collect(options: { readonly dryRun: boolean }): Promise<CollectReport>;
  /** Stops listening and ends what is under way. */
  stop(): Promise<void>;
}

/** Makes an OCI distribution server (specification 1.1) over the image store's content. A repository shows what was pushed to it, nothing else. */
export function createRegistry(options: RegistryOptions): Registry {
  const { logger, settings = {} } = options;
  const { open, collector, ...parts } = contentOf(options);
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    const url = URL.parse(`http://registry${request.url ?? '/'}`);
    if (!url) {
      response.writeHead(400).end();
      return;
    }
    const exchange = { request, response, url };
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    route(parts, exchange).catch((error: unknown) => answerError(exchange, error, logger));
  };
  let server: Server | undefined;
  let started: Promise<void> | undefined;
  const start = () => (started ??= open());
  return {
    start,
    handler,
    async listen({ host, port }) {
      checkReach(host, settings);
      await start();
      server = nodeHttp().createServer({ requestTimeout: 0 }, handler);
      return listening(server, host, port);
    },
    collect: (how) => collector.collect(how),
    async stop() {
      await collector.stop();
      if (!server) return;
      const closed = new Promise<void>((resolve) => server?.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What it has, and what takes care of it. */
function contentOf({ images, dataDir, logger, settings = {}, clock = systemClock, random = systemRandom }: RegistryOptions) {
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
}

async function route(parts: RouteParts, exchange: Exchange): Promise<void> {
  const { request, url } = exchange;
  // Names and references have no character that a client would have to escape, but for the colon of a digest.
  const path = url.pathname.replaceAll(/%3a/gi, ':');
  if (path === '/v2/' || path === '/v2') return answer(exchange, 200, {}, {});
  if (path === '/v2/_catalog') {
    const { page, headers } = pageOf(parts.repositories.names(), url);
    return answer(exchange, 200, headers, { repositories: page });
  }
  const match = /^\/v2\/(.+)\/(?:(blobs\/uploads)\/?([^/]*)|(blobs|manifests|referrers)\/([^/]+)|(tags)\/list)$/.exec(path);
  if (!match) throw unsupported(`${request.method} ${path}`);
  const [, name = '', isUpload, upload = '', kind, reference = ''] = match;
  if (!isRepository(name)) throw nameInvalid(name);
  if (isUpload) return upload === '' ? parts.uploads.begin(exchange, name) : parts.uploads.serve(exchange, name, upload);
  if (kind === 'blobs') return serveBlob(parts, exchange, name, reference);
  if (kind === 'manifests') return serveManifest(parts, exchange, name, reference);
  if (request.method !== 'GET') throw unsupported(`${request.method} ${path}`);
  if (kind === 'referrers') return serveReferrers(parts, exchange, name, reference);
  return serveTags(parts, exchange, name);
}

function serveTags({ repositories }: RouteParts, exchange: Exchange, name: string): void {
  const repository = repositories.find(name);
  if (!repository) throw nameUnknown(name);
  const { page, headers } = pageOf([...repository.tags.keys()].sort(), exchange.url);
  answer(exchange, 200, headers, { name, tags: page });
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
  if (settings.insecure !== true && !isLoopback(host)) throw notLoopback(host);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
