import { eventually } from '../../support/eventually.ts';
import type { Family } from './family.ts';
import { configMap, pod, WEB } from './manifests.ts';

const OBJECTS = [
  configMap('a', { k: 'v' }, { app: 'a', tier: 'x' }),
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { key: 'four' } },
  pod('p', { nodeSelector: { disk: 'fast' }, terminationGracePeriodSeconds: 5 }, { app: 'p' }),
  WEB,
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] } },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web' },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 3 },
  },
  { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'lr' }, spec: { limits: [{ type: 'Container', max: { memory: '4Gi' } }] } },
  { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard: { configmaps: '9' } } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'acc' } },
  { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'lease' }, spec: { holderIdentity: 'me' } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'r' },
    rules: [{ apiGroups: ['', 'apps'], resources: ['pods', 'deployments'], verbs: ['get', 'list'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'rb' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }],
  },
];

/** `kubectl describe` of the kinds that people look at. */
export const DESCRIBE: Family = {
  title: 'kubectl describe',
  prepare: (k) => k.has(...OBJECTS),
  cases: {
    'ConfigMap, Secret, several, chosen, in all namespaces, of a file': async (k) => {
      const map = `Name: a\nNamespace: ${k.namespace}\nLabels: app=a\ntier=x\nAnnotations: <none>\n\nData\n====\nk:\n----\nv\n\n\nBinaryData\n====\n\nEvents: <none>`;
      await k.says('describe cm a', map);
      await k.says('describe cm -l app=a', map);
      await k.says(`describe cm -A -l app=a,tier=x`, /Name: +a\n/);
      await k.says('describe secret s', `Name: s\nNamespace: ${k.namespace}\nLabels: <none>\nAnnotations: <none>\n\nType: Opaque\n\nData\n====\nkey: 4 bytes`);
      await k.says('describe cm/a secret/s', /^Name: +a\n[^]*\n\n\nName: +s\n/);
      await k.file('a.json', configMap('a'));
      await k.says('describe -f a.json', map);
      await k.says('describe cm kube', /^Name: +kube-root-ca\.crt\n/);
      await k.refuses('describe cm none', 'Error from server (NotFound): configmaps "none" not found');
      await k.refuses('describe', /^error: You must specify the type of resource to describe\./);
    },
    'Pod: its account, its token, what it waits for': async (k) => {
      await k.says(
        'describe pod p',
        `Name: p\nNamespace: ${k.namespace}\nPriority: 0\nService Account: default\nNode: <none>\nLabels: app=p\nAnnotations: <none>\nStatus: Pending\nIP:\nIPs: <none>
         Containers:\nmain:\nImage: busybox\nPort: <none>\nHost Port: <none>\n…\nEnvironment: <none>
         Mounts:\n/var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-… (ro)
         Volumes:\nkube-api-access-…:\nType: Projected (a volume that contains injected data from multiple sources)\nTokenExpirationSeconds: 3607\nConfigMapName: kube-root-ca.crt\n…
         DownwardAPI: true\nQoS Class: …\nNode-Selectors: disk=fast
         Tolerations: node.kubernetes.io/not-ready:NoExecute op=Exists for 300s\nnode.kubernetes.io/unreachable:NoExecute op=Exists for 300s\nEvents: <none>`,
      );
      await k.says('describe pod p --show-events=false', /300s\n$/);
    },
    'Deployment and ReplicaSet: sizes, conditions, events': async (k) => {
      const conditions = 'Type Status Reason\n---- ------ ------\nAvailable False MinimumReplicasUnavailable\nProgressing True ReplicaSetUpdated';
      const said = `Name: web\nNamespace: ${k.namespace}\nCreationTimestamp: …\nLabels: app=web\nAnnotations: deployment.kubernetes.io/revision: 1\nSelector: app=web
         Replicas: 2 desired | 2 updated | 2 total | 0 available | 2 unavailable\nStrategyType: RollingUpdate\nMinReadySeconds: 0\nRollingUpdateStrategy: 25% max unavailable, 25% max surge
         Pod Template:\nLabels: app=web\n…\nConditions:\n${conditions}\nOldReplicaSets: <none>\nNewReplicaSet: web-… (2/2 replicas created)
         Events:\nType Reason Age From Message\n---- ------ ---- ---- -------\nNormal ScalingReplicaSet <age> deployment-controller Scaled up replica set web-… from 0 to 2`;
      await eventually('both Pods counted, and the event', () => k.says('describe deploy web', said));
      const made = 'Normal SuccessfulCreate <age> replicaset-controller Created pod: web-…';
      await eventually('both events', () =>
        k.says(
          'describe rs -l app=web',
          `Name: web-…\nNamespace: ${k.namespace}\nSelector: app=web,pod-template-hash=…\nLabels: app=web\npod-template-hash=…
           Annotations: deployment.kubernetes.io/desired-replicas: 2\ndeployment.kubernetes.io/max-replicas: 3\ndeployment.kubernetes.io/revision: 1
           Controlled By: Deployment/web\nReplicas: 2 current / 2 desired\nPods Status: 0 Running / 2 Waiting / 0 Succeeded / 0 Failed
           Pod Template:\n…\nEvents:\nType Reason Age From Message\n---- ------ ---- ---- -------\n${made}\n${made}`,
        ),
      );
    },
    'Service, Endpoints, EndpointSlice, HorizontalPodAutoscaler': async (k) => {
      await k.says(
        'describe svc web',
        `Name: web\nNamespace: ${k.namespace}\nLabels: <none>\nAnnotations: <none>\nSelector: app=web\nType: ClusterIP\nIP Family Policy: SingleStack\nIP Families: IPv4
         IP: 10.43.…\nIPs: 10.43.…\nPort: http 80/TCP\nTargetPort: 8080/TCP\nEndpoints:\nSession Affinity: None\nInternal Traffic Policy: Cluster\nEvents: <none>`,
      );
      await k.says('describe endpoints web', /^Name: +web\n[^]*\nSubsets:\nEvents: +<none>\n$/);
      await k.says('describe endpointslices -l kubernetes.io/service-name=web', /\nAddressType: +IPv4\nPorts: +<unset>\nEndpoints: <none>\nEvents: +<none>\n$/);
      await k.says(
        'describe hpa web',
        `Name: web\nNamespace: ${k.namespace}\nLabels: <none>\nAnnotations: <none>\nCreationTimestamp: …\nReference: Deployment/web\nMetrics: ( current / target )
         resource cpu on pods (as a percentage of request): <unknown> / 80%\nMin replicas: 1\nMax replicas: 3\nDeployment pods: …\n…`,
      );
    },
    'LimitRange, ResourceQuota, ServiceAccount, Lease': async (k) => {
      await k.says(
        'describe limits lr',
        `Name: lr\nNamespace: ${k.namespace}\nType Resource Min Max Default Request Default Limit Max Limit/Request Ratio\n---- -------- --- --- --------------- ------------- -----------------------\nContainer memory - 4Gi 4Gi 4Gi -`,
      );
      await k.says('describe quota q', `Name: q\nNamespace: ${k.namespace}\nResource Used Hard\n-------- ---- ----\nconfigmaps 2 9`);
      await k.says(
        'describe sa acc',
        `Name: acc\nNamespace: ${k.namespace}\nLabels: <none>\nAnnotations: <none>\nImage pull secrets: <none>\nMountable secrets: <none>\nTokens: <none>\nEvents: <none>`,
      );
      await k.says('describe lease lease', /\nAPI Version: +coordination\.k8s\.io\/v1\nKind: +Lease\n[^]*\nSpec:\n +Holder Identity: +me\nEvents: +<none>\n$/);
      await k.says(
        `describe ns ${k.namespace}`,
        /\nStatus: +Active\n\nResource Quotas\n +Name: +q\n +Resource +Used +Hard\n[^]*\nResource Limits\n +Type +Resource +Min/,
      );
    },
    'Role, RoleBinding, ClusterRole, ClusterRoleBinding': async (k) => {
      const columns = 'PolicyRule:\nResources Non-Resource URLs Resource Names Verbs\n--------- ----------------- -------------- -----';
      const every = ['deployments', 'pods', 'deployments.apps', 'pods.apps'].map((resource) => `${resource} [] [] [get list]`);
      await k.says('describe role r', `Name: r\nLabels: <none>\nAnnotations: <none>\n${columns}\n${every.join('\n')}`);
      await k.says(
        'describe rolebinding rb',
        'Name: rb\nLabels: <none>\nAnnotations: <none>\nRole:\nKind: Role\nName: r\nSubjects:\nKind Name Namespace\n---- ---- ---------\nUser jane',
      );
      await k.says('describe clusterrole system:discovery', /\n +Resources +Non-Resource URLs +Resource Names +Verbs\n[^]*\n +\[\/api\/\*\] +\[\] +\[get\]\n/);
      await k.says('describe clusterrolebinding cluster-admin', /\nSubjects:\n +Kind +Name +Namespace\n[ -]+\n +Group +system:masters +\n$/);
    },
  },
};
