import { access as fileAccess } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type KubeconfigAccess, loadKubeconfig, rawClient, type RawClient } from '#cluster/client';
import { askDaemon, DAEMON_OPTIONS, type DaemonValues, namesDaemon } from '../daemon-status.ts';
import { CommandError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';

/** Options of every command that speaks to the Kubernetes API. */
export const CLUSTER_OPTIONS = {
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
  ...DAEMON_OPTIONS,
} as const;
export const CLUSTER_USAGE = '[-n NAMESPACE] [--kubeconfig PATH] [--context NAME] [--data-dir D] [--run-dir R]';
export type ClusterValues = DaemonValues & {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
};

/** The cluster that is meant. Disposing closes its connections. */
export interface Cluster extends Disposable {
  readonly access: KubeconfigAccess;
  readonly client: RawClient;
  /** The namespace of `-n`, else of the kubeconfig's context. */
  readonly namespace: string;
}

/** Errors: `COMMAND_FAILED` where there is no kubeconfig, saying what to do; `KUBECONFIG`. */
export async function connectCluster(values: ClusterValues, terminal: Terminal): Promise<Cluster> {
  const access = await findAccess(values, terminal);
  const client = rawClient(access);
  return { access, client, namespace: values.namespace ?? access.namespace, [Symbol.dispose]: () => client.close() };
}

export async function findAccess(values: ClusterValues, terminal: Terminal): Promise<KubeconfigAccess> {
  const found = await findKubeconfig(values, terminal.environment);
  const context = values.context ?? found.context;
  return loadKubeconfig(found.path, context === undefined ? {} : { context });
}

interface FoundKubeconfig {
  readonly path: string;
  /** The entry that is meant, where it is not the current one. */
  readonly context?: string;
}

/** `--kubeconfig`, the daemon that the command line names, KUBECONFIG, the daemon of the usual places, ~/.kube/config. */
async function findKubeconfig(values: ClusterValues, environment: NodeJS.ProcessEnv): Promise<FoundKubeconfig> {
  if (values.kubeconfig !== undefined) return { path: values.kubeconfig };
  const named = environment.KUBECONFIG?.split(':').filter((path) => path !== '') ?? [];
  if (!namesDaemon(values) && named.length > 0) return { path: (await firstThatIs(named)) ?? named.join(':') };
  const status = await askDaemon(values);
  if (status?.kubeconfig !== undefined) return { path: status.kubeconfig, ...(status.context === undefined ? {} : { context: status.context }) };
  const usual = join(environment.HOME ?? homedir(), '.kube', 'config');
  const found = namesDaemon(values) ? undefined : await firstThatIs([usual]);
  if (found !== undefined) return { path: found };
  throw new CommandError(
    'No cluster is known: no daemon answers. Start one with "gantry up --detach", or name a kubeconfig with --kubeconfig PATH or KUBECONFIG',
  );
}

async function firstThatIs(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await fileAccess(path);
      return path;
    } catch {
      // Not there, or not for this user: the next may be.
      continue;
    }
  }
  return undefined;
}
