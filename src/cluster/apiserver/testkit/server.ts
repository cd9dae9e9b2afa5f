import { createHash, randomBytes } from 'node:crypto';
import type { ApiRequest, ApiResponse, KubeObject, Verb } from '#cluster/api';
import { openMemoryStore } from '#cluster/store';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { type ApiServer, type ApiServerOptions, createApiServer } from '../index.ts';

const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const REFS: Readonly<Record<string, { group: string; version: string }>> = {
  deployments: { group: 'apps', version: 'v1' },
  replicasets: { group: 'apps', version: 'v1' },
  horizontalpodautoscalers: { group: 'autoscaling', version: 'v2' },
};

/** A server on a store in memory, for tests. */
export async function startTestServer(options: Partial<ApiServerOptions> = {}): Promise<ApiServer & AsyncDisposable> {
  const store = options.store ?? (await openMemoryStore());
  const server = await createApiServer({
    store,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    serviceCidr: '10.96.0.0/24',
    nodes: () => undefined,
    version: 'v1.36.0+gantry-test',
    // No controller makes accounts here; tests of accounts turn it on again.
    admission: { disable: ['ServiceAccount'] },
    ...options,
  });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await store.close();
    },
  };
}

type Call = Partial<Omit<ApiRequest, 'verb' | 'resource'>>;

/** Asks the handler as an administrator. */
export async function ask(server: ApiServer, verb: Verb, resource: string, call: Call = {}): Promise<ApiResponse> {
  const ref = { resource, ...(REFS[resource] ?? { group: '', version: 'v1' }) };
  return await server.handler.handle({ verb, resource: ref, query: {}, user: ADMIN, ...call });
}

/** The same, where the answer is one object. */
export async function askObject<T extends KubeObject = KubeObject>(server: ApiServer, verb: Verb, resource: string, call: Call = {}): Promise<T> {
  const answer = await ask(server, verb, resource, call);
  if (answer.kind !== 'object') throw new TypeError(`want an object, got a ${answer.kind}`);
  // The test names the type that it asked for.
  return answer.object as T;
}

export function configMap(name: string, data: Record<string, string> = {}): KubeObject & { data: Record<string, string> } {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

export function pod(name: string, more: object = {}): KubeObject {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'x' } },
    spec: { containers: [{ name: 'main', image: 'busybox' }], ...more },
  };
  return object;
}

/** A word that names one test's things. */
export function testWord(): string {
  return createHash('sha256').update(randomBytes(16)).digest('hex').slice(0, 8);
}
