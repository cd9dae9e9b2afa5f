import { type Controllers, createControllers } from '#cluster/controllers';
import { createScheduler, type Scheduler } from '#cluster/scheduler';
import type { ClusterClient } from '#cluster/client';
import type { ClusterAccess } from './cluster-access.ts';
import type { Part, PartHealth, PartOptions } from './types.ts';

/** The controller manager, over the cluster's API server. */
export function controllersPart({ config, clock, random, logger }: PartOptions, access: ClusterAccess): Part {
  let controllers: Controllers | undefined;
  let client: ClusterClient | undefined;
  return {
    name: 'controllers',
    async start() {
      client = await access.client('system:kube-controller-manager');
      const rootCa = await access.rootCa();
      const signer = access.signer();
      controllers = createControllers({
        client,
        clock,
        random,
        logger,
        options: { autoscalerPeriod_ms: config.autoscalerPeriod_ms, ...(rootCa === undefined ? {} : { rootCa }), ...(signer === undefined ? {} : { signer }) },
      });
      await controllers.start();
    },
    async stop() {
      await controllers?.stop();
      await client?.close();
    },
    health: async () => healthOf(controllers?.health().state),
  };
}

/** The scheduler, over the cluster's API server. */
export function schedulerPart({ clock, random, logger }: PartOptions, access: ClusterAccess): Part {
  let scheduler: Scheduler | undefined;
  let client: ClusterClient | undefined;
  return {
    name: 'scheduler',
    async start() {
      client = await access.client('system:kube-scheduler');
      scheduler = createScheduler({ client, clock, random, logger });
      await scheduler.start();
    },
    async stop() {
      await scheduler?.stop();
      await client?.close();
    },
    health: async () => healthOf(scheduler?.health().state),
  };
}

function healthOf(state: 'starting' | 'ready' | 'stopped' | undefined): PartHealth {
  if (state === 'stopped') return { state: 'failed', reason: 'it stopped' };
  return { state: state ?? 'starting' };
}
