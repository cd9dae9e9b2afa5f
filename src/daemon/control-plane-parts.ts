import { hostname } from 'node:os';
import { createControllers } from '#cluster/controllers';
import { createScheduler } from '#cluster/scheduler';
import { type ClusterClient, LeaderElection } from '#cluster/client';
import type { ClusterAccess } from './cluster-access.ts';
import type { PartName } from './config.ts';
import type { Part, PartHealth, PartOptions } from './types.ts';

/** The controller manager, over the cluster's API server. */
export function controllersPart(options: PartOptions, access: ClusterAccess): Part {
  const { config, clock, random, logger } = options;
  return controlPart(options, access, {
    name: 'controllers',
    kubernetesName: 'kube-controller-manager',
    async create(client) {
      const rootCa = await access.rootCa();
      const signer = access.signer();
      const settings = {
        autoscalerPeriod_ms: config.autoscalerPeriod_ms,
        ...(rootCa === undefined ? {} : { rootCa }),
        ...(signer === undefined ? {} : { signer }),
      };
      return createControllers({ client, clock, random, logger, options: settings });
    },
  });
}

/** The scheduler, over the cluster's API server. */
export function schedulerPart(options: PartOptions, access: ClusterAccess): Part {
  const { clock, random, logger } = options;
  return controlPart(options, access, {
    name: 'scheduler',
    kubernetesName: 'kube-scheduler',
    create: async (client) => createScheduler({ client, clock, random, logger }),
  });
}

interface Runner {
  start(): Promise<void>;
  stop(): Promise<void>;
  health(): { readonly state: 'starting' | 'ready' | 'stopped' };
}
interface ControlPart {
  readonly name: PartName;
  /** Its Lease, and whose requests these are. */
  readonly kubernetesName: string;
  create(client: ClusterClient): Promise<Runner>;
}

/** Runs it, or where others may serve the same cluster, only while it leads. */
function controlPart({ config, identity, clock, logger }: PartOptions, access: ClusterAccess, { name, kubernetesName, create }: ControlPart): Part {
  let client: ClusterClient | undefined;
  let runner: Runner | undefined;
  let election: LeaderElection | undefined;
  const lead = async (over: ClusterClient) => {
    runner = await create(over);
    await runner.start();
  };
  const cease = async () => {
    await runner?.stop();
    runner = undefined;
  };
  return {
    name,
    async start() {
      const over = await access.client(`system:${kubernetesName}`);
      client = over;
      if (config.etcd === undefined && config.remote === undefined) return lead(over);
      // One data dir has one daemon: after a crash it is known again, and needn't wait for its own lease to end.
      election = new LeaderElection({
        client: over,
        clock,
        logger,
        name: kubernetesName,
        identity: `${hostname()}_${identity.id}`,
        lead: () => lead(over),
        cease,
      });
      election.start();
    },
    async stop() {
      await election?.stop();
      await cease();
      await client?.close();
    },
    health: async () => (election !== undefined && !election.leading ? { state: 'ready' } : healthOf(runner?.health().state)),
  };
}

function healthOf(state: 'starting' | 'ready' | 'stopped' | undefined): PartHealth {
  if (state === 'stopped') return { state: 'failed', reason: 'it stopped' };
  return { state: state ?? 'starting' };
}
