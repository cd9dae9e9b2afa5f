import { type Controller, createEventRecorder, type EventRecorder } from '#cluster/client';
import { createAggregationController } from './access/aggregation.ts';
import { createTokenSecretController } from './access/token-secrets.ts';
import { createAutoscalerController } from './autoscaler/controller.ts';
import { createCertificateController } from './certificates/controller.ts';
import { createDeploymentController } from './deployment/controller.ts';
import { createEndpointsController } from './endpoints/controller.ts';
import { createGarbageCollector } from './garbage/controller.ts';
import { Informers } from './informers.ts';
import { createNamespaceController } from './namespace.ts';
import { createNodeLifecycleController } from './node/lifecycle.ts';
import { createTaintEviction } from './node/eviction.ts';
import { createPodGarbageCollector } from './node/pod-garbage.ts';
import { createQuotaController } from './quota/controller.ts';
import { createReplicaSetController } from './replicaset/controller.ts';
import { createServiceAccountController } from './service-account.ts';
import type { Controllers, ControllersOptions, Shared } from './types.ts';

const ALL = [
  createDeploymentController,
  createReplicaSetController,
  createEndpointsController,
  createAutoscalerController,
  createGarbageCollector,
  createNamespaceController,
  createServiceAccountController,
  createNodeLifecycleController,
  createTaintEviction,
  createPodGarbageCollector,
  createAggregationController,
  createTokenSecretController,
  createQuotaController,
  createCertificateController,
];

/** The controller manager: every controller over one set of caches. While nothing changes none of them does anything. */
export function createControllers(options: ControllersOptions): Controllers {
  const { client, clock, random, logger, options: settings = {} } = options;
  const informers = new Informers(client, { clock, random, logger });
  const recorders: EventRecorder[] = [];
  const shared: Shared = {
    client,
    informers,
    clock,
    random,
    logger,
    settings,
    recorder(component) {
      const recorder = createEventRecorder({ client, clock, random, logger, component });
      recorders.push(recorder);
      return recorder;
    },
  };
  const controllers: readonly Controller[] = ALL.map((create) => create(shared));
  let state: 'starting' | 'ready' | 'stopped' = 'starting';
  return {
    async start() {
      await informers.start();
      if (state === 'stopped') return;
      for (const controller of controllers) controller.start();
      state = 'ready';
    },
    async stop() {
      state = 'stopped';
      await Promise.all(controllers.map((controller) => controller.stop()));
      await informers.stop();
      await Promise.all(recorders.map((recorder) => recorder.flush()));
    },
    health: () => ({ state, controllers: controllers.map((controller) => controller.health()) }),
  };
}
