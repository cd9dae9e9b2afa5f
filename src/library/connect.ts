import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type ClusterClient, httpClient, loadKubeconfig, type ServerAccess } from '#cluster/client';
import { GantryError } from '#kit';

/** Where a Pod finds its own account (Kubernetes' service account admission). */
const ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface ConnectOptions {
  /** A path, or the parsed content. Without it: KUBECONFIG, the Pod's own account, ~/.kube/config; the first that is there. */
  readonly kubeconfig?: string | object;
  /** The kubeconfig's current one without it. */
  readonly context?: string;
  /** Instead of a kubeconfig. */
  readonly access?: ServerAccess;
}

/** A client of a cluster, with the namespace that it is at home in. */
export interface Connection extends ClusterClient {
  readonly server: string;
  readonly namespace: string;
}

/** A client over HTTPS; nothing is sent before it is asked something. Errors: `KUBECONFIG`, `NO_CLUSTER`. */
export async function connect({ kubeconfig, context, access }: ConnectOptions = {}): Promise<Connection> {
  const found = access === undefined ? await accessOf(kubeconfig, context) : { namespace: 'default', ...access };
  return { ...httpClient(found), server: found.server, namespace: found.namespace };
}

async function accessOf(kubeconfig: string | object | undefined, context: string | undefined): Promise<ServerAccess & { readonly namespace: string }> {
  const named = context === undefined ? {} : { context };
  if (kubeconfig !== undefined) return await loadKubeconfig(kubeconfig, named);
  const { KUBECONFIG, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT = '443' } = process.env;
  const listed = (KUBECONFIG ?? '').split(delimiter).find((path) => path !== '' && existsSync(path));
  if (listed !== undefined) return await loadKubeconfig(listed, named);
  if (KUBERNETES_SERVICE_HOST !== undefined && existsSync(join(ACCOUNT_DIR, 'token')))
    return await ownAccount(KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT);
  const home = join(homedir(), '.kube', 'config');
  if (existsSync(home)) return await loadKubeconfig(home, named);
  throw new GantryError(
    'NO_CLUSTER',
    400,
    `Cannot connect: there is no kubeconfig in KUBECONFIG or at ${home}, and this is no Pod. Start a cluster with "gantry up", or pass { kubeconfig }`,
  );
}

/** The kubelet renews the token in place, so it is read for each request. */
async function ownAccount(host: string, port: string): Promise<ServerAccess & { readonly namespace: string }> {
  const read = (name: string) => readFile(join(ACCOUNT_DIR, name), 'utf8');
  const [ca, namespace] = await Promise.all([read('ca.crt'), read('namespace')]);
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca,
    namespace: namespace.trim(),
    token: async () => (await read('token')).trim(),
  };
}
