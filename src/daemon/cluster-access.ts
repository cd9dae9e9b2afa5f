import { type ClusterClient, httpClient, loadKubeconfig } from '#cluster/client';
import type { CertificateSigner } from '#cluster/controllers';
import type { ApiServerPart } from './apiserver-part.ts';
import type { DaemonConfig } from './config.ts';

const WHO_AM_I = { group: 'authentication.k8s.io', version: 'v1', resource: 'selfsubjectreviews' };

/** How the parts that follow the cluster reach it: in this process, or over HTTPS. */
export interface ClusterAccess {
  /** A client for one of Kubernetes' own identities; over HTTPS it is whoever the kubeconfig says. The caller closes it. */
  client(userName: string, groups?: readonly string[]): Promise<ClusterClient>;
  /** PEM of the authority that signed the server's certificate. */
  rootCa(): Promise<string | undefined>;
  /** The cluster's authority; undefined where another process has its key. */
  signer(): CertificateSigner | undefined;
}

export function clusterAccess(config: DaemonConfig, apiServer: ApiServerPart | undefined): ClusterAccess {
  if (apiServer !== undefined)
    return { client: async (name, groups) => apiServer.client(name, groups), rootCa: async () => apiServer.rootCa(), signer: () => apiServer.signer() };
  const { remote } = config;
  if (remote === undefined) throw new TypeError('parts that follow the cluster were chosen without a way to it');
  const access = async () => {
    const found = await loadKubeconfig(remote.kubeconfig);
    return remote.server === undefined ? found : { ...found, server: remote.server };
  };
  const client = async () => {
    const made = httpClient(await access());
    await answers(made);
    return made;
  };
  return { client, rootCa: async () => (await access()).ca, signer: () => undefined };
}

/** Those who follow a cluster wait for it with patience; one that can't be reached when they start is told at once. Errors: the client's. */
async function answers(client: ClusterClient): Promise<void> {
  try {
    // Everybody whom it lets in may ask who he is.
    await client.resource(WHO_AM_I).create({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} });
  } catch (error) {
    await client.close();
    throw error;
  }
}
