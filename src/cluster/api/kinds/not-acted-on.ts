/** Kinds that are kept by their rules while nothing of this cluster acts on them yet, with what their writers should know. */
export const NOT_ACTED_ON: Readonly<Record<string, string>> = {
  V1StatefulSet: 'the StatefulSet is stored, but no controller of this cluster makes its Pods yet',
  V1DaemonSet: 'the DaemonSet is stored, but no controller of this cluster makes its Pods yet',
  V1ReplicationController: 'the ReplicationController is stored, but no controller of this cluster makes its Pods yet: use a Deployment',
  V1Job: 'the Job is stored, but no controller of this cluster runs it yet',
  V1CronJob: 'the CronJob is stored, but no controller of this cluster starts its Jobs yet',
  V1PodDisruptionBudget: 'the PodDisruptionBudget is stored, but no controller of this cluster counts its Pods yet: it allows no eviction',
  V1Ingress: 'the Ingress is stored, but nothing in this cluster routes by it yet',
  V1NetworkPolicy: 'the NetworkPolicy is stored, but this cluster does not enforce it yet: traffic goes on as without it',
  V1PersistentVolume: 'the PersistentVolume is stored, but this cluster binds no claims to it yet',
  V1PersistentVolumeClaim: 'the claim is stored, but this cluster binds no volume to it yet: it stays Pending',
  V1FlowSchema:
    'the FlowSchema is stored, but requests are not shared out by it: the server takes on so many at a time as --max-requests-inflight and --max-mutating-requests-inflight say',
  V1PriorityLevelConfiguration:
    'the PriorityLevelConfiguration is stored, but requests are not shared out by it: the server takes on so many at a time as --max-requests-inflight and --max-mutating-requests-inflight say',
};
