import { type Controllers, createControllers } from '#cluster/controllers';
import { createScheduler, type Scheduler } from '#cluster/scheduler';
import type { ApiServerPart } from './apiserver-part.ts';
import type { Part, PartHealth, PartOptions } from './types.ts';

/** The controller manager, over the API server of this process. */
export function controllersPart({ clock, random, logger }: PartOptions, apiServer: ApiServerPart): Part {
  let controllers: Controllers | undefined;
  return {
    name: 'controllers',
    async start() {
      const client = apiServer.client('system:kube-controller-manager');
      controllers = createControllers({ client, clock, random, logger, options: { rootCa: apiServer.rootCa() } });
      await controllers.start();
    },
    stop: async () => controllers?.stop(),
    health: async () => healthOf(controllers?.health().state),
  };
}

/** The scheduler, over the API server of this process. */
export function schedulerPart({ clock, random, logger }: PartOptions, apiServer: ApiServerPart): Part {
  let scheduler: Scheduler | undefined;
  return {
    name: 'scheduler',
    async start() {
      scheduler = createScheduler({ client: apiServer.client('system:kube-scheduler'), clock, random, logger });
      await scheduler.start();
    },
    stop: async () => scheduler?.stop(),
    health: async () => healthOf(scheduler?.health().state),
  };
}

function healthOf(state: 'starting' | 'ready' | 'stopped' | undefined): PartHealth {
  if (state === 'stopped') return { state: 'failed', reason: 'it stopped' };
  return { state: state ?? 'starting' };
}
