import type { Strategy } from './strategy.ts';
import { AUTOSCALER_V1, AUTOSCALER_V2 } from './workloads/autoscaler.ts';
import { CONTROLLER_REVISION } from './workloads/controller-revision.ts';
import { CRON_JOB } from './workloads/cron-job/cron-job.ts';
import { DAEMON_SET } from './workloads/daemon-set.ts';
import { DEPLOYMENT } from './workloads/deployment.ts';
import { DISRUPTION_BUDGET } from './workloads/disruption-budget.ts';
import { JOB } from './workloads/job/job.ts';
import { POD } from './workloads/pod/pod.ts';
import { POD_TEMPLATE } from './workloads/pod-template.ts';
import { REPLICA_SET } from './workloads/replica-set.ts';
import { REPLICATION_CONTROLLER } from './workloads/replication-controller.ts';
import { STATEFUL_SET } from './workloads/stateful-set.ts';

/** Pods, and what makes and scales them. */
export const WORKLOADS: Readonly<Record<string, Strategy>> = {
  V1Pod: POD,
  V1PodTemplate: POD_TEMPLATE,
  V1ReplicationController: REPLICATION_CONTROLLER,
  V1ControllerRevision: CONTROLLER_REVISION,
  V1DaemonSet: DAEMON_SET,
  V1Deployment: DEPLOYMENT,
  V1ReplicaSet: REPLICA_SET,
  V1StatefulSet: STATEFUL_SET,
  V1Job: JOB,
  V1CronJob: CRON_JOB,
  V1HorizontalPodAutoscaler: AUTOSCALER_V1,
  V2HorizontalPodAutoscaler: AUTOSCALER_V2,
  V1PodDisruptionBudget: DISRUPTION_BUDGET,
};
