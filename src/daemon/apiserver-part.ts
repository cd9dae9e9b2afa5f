import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { type ApiServer, createApiServer, type NodeConnection } from '#cluster/apiserver';
import { type ClusterClient, inProcessClient } from '#cluster/client';
import type { CertificateSigner } from '#cluster/controllers';
import { explainPlaces } from '#cluster/scheduler';
import { backupOf, openEtcdStore, openLmdbStore, type Store } from '#cluster/store';
import { nthAddress } from '#network';
import { openAccess } from './access.ts';
import { certificateSigner } from './certificate-signer.ts';
import { type Certificates, openCertificates } from './certificates.ts';
import { writeKubeconfigEntry } from './kubeconfig.ts';
import { storePath } from './store-path.ts';
import type { Part, PartHealth, PartOptions } from './types.ts';

/** The version of Kubernetes whose API is spoken. */
export const KUBERNETES_VERSION = 'v1.36.0';

const HEALTH_MS = 2000;

export interface ApiServerPart extends Part {
  /** A client in this process for one of Kubernetes' own identities. The server must have started. */
  client(userName: string, groups?: readonly string[]): ClusterClient;
  /** PEM of the authority that signed the server's certificate. */
  rootCa(): string;
  /** The authority, for requests for certificates. */
  signer(): CertificateSigner;
  /** By whom the server asks that node for logs, exec and the like. */
  connectNode(name: string, connection: NodeConnection): void;
  disconnectNode(name: string): void;
  /** All of the cluster's state at one revision. The server must have started. */
  backup(): AsyncIterable<Uint8Array>;
  /** Says on `/readyz` that it will stop, and serves on for as long as `--shutdown-delay-duration` says. */
  retire(): Promise<void>;
  /** Writes the kubeconfig entry, once the server answers. */
  announce(): Promise<void>;
}

/** The store and the API server over it, with an authority and certificates of its own. */
export function apiServerPart(options: PartOptions): ApiServerPart {
  const { config, clock, random, logger, version } = options;
  const nodes = new Map<string, NodeConnection>();
  let certificates: Certificates | undefined;
  let store: Store | undefined;
  let server: ApiServer | undefined;
  return {
    name: 'apiserver',
    async start() {
      certificates = await openCertificates({ folder: join(config.dataDir, 'pki'), serverNames: serverNames(options), clock, random });
      const access = await openAccess(config.access, join(config.dataDir, 'pki'));
      store = await openStore(options);
      server = await createApiServer({
        store,
        clock,
        random,
        logger,
        serviceCidr: config.serviceCidr,
        nodes: (name) => nodes.get(name),
        places: explainPlaces,
        version: `${KUBERNETES_VERSION}+gantry-${version}`,
        limits: config.serving.limits,
        ...(config.serving.eventTtl_s === undefined ? {} : { eventTtl_s: config.serving.eventTtl_s }),
        ...access.server,
      });
      const { certificate: cert, key } = certificates.server;
      await server.listen({ ...config.api, cert, key, clientCa: [certificates.authority.certificate, access.clientCa ?? ''].join('\n') });
    },
    client(userName, groups = ['system:authenticated']) {
      if (server === undefined) throw new TypeError('the API server has not started');
      return inProcessClient(server.handler, { name: userName, groups });
    },
    rootCa() {
      if (certificates === undefined) throw new TypeError('the API server has not started');
      return certificates.authority.certificate;
    },
    signer() {
      if (certificates === undefined) throw new TypeError('the API server has not started');
      return certificateSigner(certificates.authority, clock, random);
    },
    connectNode: (name, connection) => void nodes.set(name, connection),
    disconnectNode: (name) => void nodes.delete(name),
    backup() {
      if (store === undefined) throw new TypeError('the API server has not started');
      return backupOf(store);
    },
    async announce() {
      if (certificates === undefined) return;
      const { authority, admin } = certificates;
      await writeKubeconfigEntry(config.kubeconfig, {
        name: config.contextName,
        server: `https://${urlHost(config.api.host)}:${config.api.port}`,
        authority: authority.certificate,
        certificate: admin.certificate,
        key: admin.key,
      });
    },
    async retire() {
      server?.retire();
      await clock.sleep(config.serving.shutdownDelay_ms);
    },
    async stop() {
      await server?.stop();
      await store?.close();
    },
    async health() {
      if (store === undefined) return { state: 'starting' };
      // A failed commit makes every later call of the store fail; an etcd is waited for longer than whoever asks for the health waits.
      const patience = new AbortController();
      const silent = clock.sleep(HEALTH_MS, patience.signal).then(
        (): PartHealth => ({ state: 'failed', reason: 'etcd does not answer' }),
        (): PartHealth => ({ state: 'ready' }),
      );
      try {
        return await Promise.race([store.revision().then((): PartHealth => ({ state: 'ready' })), silent]);
      } finally {
        patience.abort();
      }
    },
  };
}

/** In the data dir, or in the etcd that was named. */
async function openStore({ config: { dataDir, etcd, history }, clock, logger }: PartOptions): Promise<Store> {
  const { limit, age_ms } = history;
  if (etcd !== undefined)
    return openEtcdStore({
      ...etcd,
      clock,
      ...(age_ms === undefined ? {} : { historyKept_ms: age_ms }),
      onError: (error) => logger.error('the store in etcd', { error }),
    });
  const path = storePath(dataDir);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return openLmdbStore({ path, clock, ...(limit === undefined ? {} : { historyLimit: limit }), ...(age_ms === undefined ? {} : { historyAge_ms: age_ms }) });
}

/** Every name that a client may reach the server by. */
function serverNames({ config }: PartOptions): readonly string[] {
  const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'];
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname(), config.api.host, ...service, nthAddress(config.serviceCidr, 1)])];
}

const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);
