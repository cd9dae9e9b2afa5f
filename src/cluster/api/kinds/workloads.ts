import { defaultAutoscalerV1, defaultAutoscalerV2, defaultDeployment, defaultPod, defaultReplicaSet } from '../defaults/kinds.ts';
import type { V1Deployment, V1HorizontalPodAutoscaler, V1Pod, V1ReplicaSet, V2HorizontalPodAutoscaler } from '../generated/types.ts';
import { qosClass } from '../qos-class.ts';
import { AUTOSCALER_V1, AUTOSCALER_V2, DEPLOYMENT, POD, REPLICA_SET } from '../table/columns.ts';
import { checkAutoscaler, checkDeployment, checkPod, checkReplicaSet } from '../validation/kinds.ts';
import { strategy, type Strategy } from './strategy.ts';

/** Pods, and what makes and scales them. */
export const WORKLOADS: Readonly<Record<string, Strategy>> = {
  V1Pod: strategy<V1Pod>({
    counted: true,
    setDefaults: defaultPod,
    prepareCreate: (pod) => {
      pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
    },
    validate: checkPod,
    columns: POD,
  }),
  V1Deployment: strategy<V1Deployment>({
    counted: true,
    setDefaults: defaultDeployment,
    prepareCreate: (deployment) => {
      deployment.status = {};
    },
    validate: checkDeployment,
    columns: DEPLOYMENT,
  }),
  V1ReplicaSet: strategy<V1ReplicaSet>({
    counted: true,
    setDefaults: defaultReplicaSet,
    prepareCreate: (set) => {
      set.status = { replicas: 0 };
    },
    validate: checkReplicaSet,
    columns: REPLICA_SET,
  }),
  V1HorizontalPodAutoscaler: strategy<V1HorizontalPodAutoscaler>({
    counted: true,
    setDefaults: defaultAutoscalerV1,
    validate: checkAutoscaler,
    columns: AUTOSCALER_V1,
  }),
  V2HorizontalPodAutoscaler: strategy<V2HorizontalPodAutoscaler>({
    counted: true,
    setDefaults: defaultAutoscalerV2,
    validate: checkAutoscaler,
    columns: AUTOSCALER_V2,
  }),
};
