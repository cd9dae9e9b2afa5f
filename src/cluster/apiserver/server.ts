import type { ApiHandler, KubeObject, ResourceRef, UserInfo } from '#cluster/api';
import type { Store } from '#cluster/store';
import { type Clock, KeyedMutex, type Logger, messageOf, type Random } from '#kit';
import { AllocationGuard } from './admission/allocation-guard.ts';
import { parseRange4 } from './admission/addresses.ts';
import { bootstrap, publishApi } from './admission/bootstrap.ts';
import { AdmissionChain, type AdmissionOptions } from './admission/chain.ts';
import { QuotaUsage } from './admission/quota-usage.ts';
import { ServiceAllocator } from './admission/service-allocator.ts';
import { Authenticator } from './auth/authenticate.ts';
import { type AuthorizationMode, Authorizer } from './auth/authorizer.ts';
import { bootstrapPolicy } from './auth/rbac/bootstrap-policy.ts';
import { bootstrapRbac } from './auth/rbac/bootstrap.ts';
import { type ServiceAccountOptions, ServiceAccountTokens } from './auth/tokens/service-account-tokens.ts';
import { ObjectCache } from './cache/object-cache.ts';
import type { Context } from './context.ts';
import { ApiServices } from './custom/api-services.ts';
import { DefinitionCleanup } from './custom/cleanup.ts';
import { KindDirectory } from './custom/directory.ts';
import { Discovery } from './discovery/discovery.ts';
import { OpenApi } from './discovery/openapi.ts';
import { EVENT_TTL_DEFAULT_S, EventLeases } from './event-leases.ts';
import { FlowStatus } from './flow-status.ts';
import { RequestHandler } from './handler.ts';
import { HttpEdge } from './http/edge.ts';
import { LIMITS_DEFAULT, type RequestLimits } from './http/limits.ts';
import type { ListenOptions } from './http/listener.ts';
import { VIRTUAL } from './discovery/virtual.ts';
import { cacheLines } from './metrics/exposition.ts';
import { processLines } from './metrics/process-metrics.ts';
import { RequestMetrics } from './metrics/request-metrics.ts';
import { StoreMetrics } from './metrics/store-metrics.ts';
import { Usage } from './metrics/usage.ts';
import { type HealthCheck, healthPaths } from './http/health.ts';
import { ISSUER_PATHS } from './auth/tokens/issuer-discovery.ts';
import type { Prepared } from './prepared.ts';
import type { NodeDirectory, PlaceJudge } from './types.ts';

export interface ApiServerOptions {
  /** Stays its owner's to close. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** IPv4, such as `10.96.0.0/16`; its first address is the `kubernetes` Service's, the tenth is kept for DNS. */
  readonly serviceCidr: string;
  readonly nodes: NodeDirectory;
  /** By whose eyes `pods/why` looks at nodes; without it nothing is said of them. */
  readonly places?: PlaceJudge;
  /** Kubernetes' version that is spoken, and after a plus sign the program's own: `v1.36.0+gantry-0.1.0`. */
  readonly version: string;
  /** Bearer tokens; certificates are the listener's (`clientCa`). */
  readonly tokens?: ReadonlyMap<string, UserInfo>;
  /** RBAC without it. */
  readonly authorizationModes?: readonly AuthorizationMode[];
  /** By which keys ServiceAccounts' tokens are signed; a key that is forgotten with the server without it. */
  readonly serviceAccounts?: ServiceAccountOptions;
  readonly admission?: AdmissionOptions;
  /** How long Events are kept after their last change; an hour without it. */
  readonly eventTtl_s?: number;
  /** kube-apiserver's own where nothing is said. */
  readonly limits?: Partial<RequestLimits>;
  /** Of a server on the store that this one is a copy of, for a quicker start. */
  readonly prepared?: Prepared;
}

export interface ApiServer {
  /** For those in the same process: objects in, frozen objects out. */
  readonly handler: ApiHandler;
  /** Serves HTTPS. `advertise` is what the `kubernetes` Service leads to (default: the host). Errors: those of listen(2). */
  listen(options: ListenOptions & { readonly advertise?: string }): Promise<{ readonly address: string; readonly port: number }>;
  /** From now on `/readyz` says that the server stops; it answers all the same. */
  retire(): void;
  /** What another server on a copy of the store may begin with. */
  prepared(): Prepared;
  /** Takes no more connections, ends watches, answers what is under way, and then ends every connection. */
  stop(): Promise<void>;
}

/** Reads what the store holds, makes what every cluster has, and is ready to be asked. Errors: BAD_SERVICE_CIDR, the store's. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { clock, random, logger, nodes, places } = options;
  const storeMetrics = new StoreMetrics(clock);
  const store = storeMetrics.measured(options.store);
  const events = new EventLeases(store, clock, options.eventTtl_s ?? EVENT_TTL_DEFAULT_S);
  const cache = new ObjectCache(store, logger, (key) => events.leaseFor(key));
  const services = new ServiceAllocator({ cache, random, guard: new AllocationGuard(store, cache, 'services') }, parseRange4(options.serviceCidr));
  const { serviceAccounts: accounts } = options;
  const tokens = new ServiceAccountTokens({ cache, clock, random, ...(accounts === undefined ? {} : { accounts }) });
  await cache.start(options.prepared?.objects);
  const { policy, settled } = options.prepared ?? { policy: bootstrapPolicy(), settled: new WeakSet<KubeObject>() };
  const authorizer = new Authorizer(cache, policy, options.authorizationModes);
  const admission = new AdmissionChain(options.admission);
  const usage = new QuotaUsage(cache);
  const shared = { store, cache, clock, random, logger, nodes, places };
  const kinds = new KindDirectory(cache);
  const metrics = new RequestMetrics(clock, (ref) => kinds.find(ref) !== undefined || VIRTUAL.some((one) => sameResource(one, ref)));
  const context: Context = { ...shared, metrics, kinds, writes: new KeyedMutex(), services, authorizer, tokens, admission, usage, watches: new Set() };
  const apiServices = new ApiServices(context);
  await Promise.all([bootstrap(context), bootstrapRbac(context, policy, settled), apiServices.settled()]);
  const adopted = events.adopt(logger);
  const flows = new FlowStatus(context);
  const cleanup = new DefinitionCleanup(context);
  const authenticator = new Authenticator(options.tokens ?? new Map(), tokens);
  const handler = new RequestHandler(context, new Usage(cache, nodes, clock, logger), authenticator);
  let ready = true;
  const checks = healthChecks(store, clock, () => ready);
  const edge = new HttpEdge({
    context,
    handler,
    discovery: new Discovery(kinds, new OpenApi(kinds, clock), [...healthPaths(checks), ...ISSUER_PATHS]),
    authenticator,
    version: options.version,
    checks,
    limits: { ...LIMITS_DEFAULT, ...options.limits },
    metrics: async () => `${[...metrics.lines(), ...storeMetrics.lines(), ...cacheLines(cache), ...(await processLines(clock))].join('\n')}\n`,
  });
  return {
    handler,
    async listen({ advertise, ...where }) {
      const bound = await edge.listen(where);
      await publishApi(context, advertise ?? bound.address, bound.port);
      return bound;
    },
    retire() {
      ready = false;
    },
    prepared: () => ({ objects: cache.objects(), policy, settled }),
    async stop() {
      ready = false;
      for (const watch of context.watches) watch.end();
      await edge.close();
      cleanup[Symbol.dispose]();
      await Promise.all([adopted, apiServices[Symbol.asyncDispose](), flows[Symbol.asyncDispose]()]);
      // Those that began meanwhile.
      for (const watch of context.watches) watch.end();
      kinds[Symbol.dispose]();
      authorizer[Symbol.dispose]();
      usage[Symbol.dispose]();
      cache.stop();
    },
  };
}

function sameResource(one: ResourceRef, other: ResourceRef): boolean {
  return one.group === other.group && one.version === other.version && one.resource === other.resource;
}

const STORE_PATIENCE_MS = 1_000;

function healthChecks(store: Store, clock: Clock, isReady: () => boolean): readonly HealthCheck[] {
  return [
    { name: 'ping', problem: async () => undefined },
    { name: 'etcd', problem: () => storeProblem(store, clock) },
    { name: 'shutdown', ofReadinessOnly: true, problem: async () => (isReady() ? undefined : 'the server is stopping') },
  ];
}

/** A store whose commit failed refuses all that comes; one elsewhere may not answer at all. */
async function storeProblem(store: Store, clock: Clock): Promise<string | undefined> {
  const late = Promise.withResolvers<string>();
  using _timer = clock.setTimer(STORE_PATIENCE_MS, () => late.resolve('the store does not answer'));
  try {
    return await Promise.race([store.revision().then(() => undefined), late.promise]);
  } catch (error) {
    return messageOf(error);
  }
}
