import { test } from 'node:test';
import { checkRows, set, updateErrors } from '../../testkit/rules.ts';

const plain = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const MAIN = 'spec.containers.0';
const here = 'spec.containers[0]';

test('a Pod: names, places and policies', () => {
  checkRows(plain, [
    ['spec', undefined, 'spec.containers: Required value'],
    ['spec.containers', [], 'spec.containers: Required value'],
    ['spec.restartPolicy', 'Sometimes', 'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ['spec.dnsPolicy', 'Mine', 'spec.dnsPolicy: Unsupported value: "Mine": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"'],
    ['spec.dnsPolicy', 'None', 'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    [
      'spec.dnsConfig',
      { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'] },
      'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not have more than 3 nameservers',
    ],
    [
      'spec.dnsConfig',
      { nameservers: ['dns'] },
      'spec.dnsConfig.nameservers[0]: Invalid value: "dns": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    ['spec.dnsConfig', { searches: ['_srv.example.com', '.'] }],
    ['spec.hostname', 'A.b', 'spec.hostname: Invalid value: "A.b": a lowercase RFC 1123 label must consist of…'],
    ['spec.subdomain', 'a.b', 'spec.subdomain: Invalid value: "a.b": must not contain dots'],
    ['spec.nodeName', 'Node', 'spec.nodeName: Invalid value: "Node": a lowercase RFC 1123 subdomain…'],
    ['spec.nodeSelector', { 'a b': 'c' }, 'spec.nodeSelector: Invalid value: "a b": name part must consist of…'],
    ['spec.activeDeadlineSeconds', 0, 'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
    ['spec.preemptionPolicy', 'Ever', 'spec.preemptionPolicy: Unsupported value: "Ever": supported values: "PreemptLowerPriority", "Never"'],
    [
      'spec.hostAliases',
      [{ ip: '1.2.3', hostnames: ['A'] }],
      'spec.hostAliases[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    ['spec.readinessGates', [{ conditionType: 'a b' }], 'spec.readinessGates[0].conditionType: Invalid value: "a b": name part must consist of…'],
    ['spec.schedulingGates', [{ name: 'a' }, { name: 'a' }], 'spec.schedulingGates[1]: Duplicate value: "a"'],
    [
      'spec',
      { ...plain.spec, nodeName: 'n', schedulingGates: [{ name: 'a' }] },
      'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
    ],
    ['spec.ephemeralContainers', [{ name: 'e', image: 'i' }], 'spec.ephemeralContainers: Forbidden: cannot be set on create'],
    ['spec.overhead', { cpu: '-1' }, 'spec.overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ['spec.hostnameOverride', 'x'.repeat(65), 'spec.hostnameOverride: Too long: may not be more than 64 bytes'],
    ['spec.runtimeClassName', 'A', 'spec.runtimeClassName: Invalid value: "A": a lowercase RFC 1123 subdomain…'],
  ]);
});

test('a Pod: containers', () => {
  checkRows(plain, [
    [`${MAIN}.name`, 'a.b', `${here}.name: Invalid value: "a.b": must not contain dots`],
    [`${MAIN}.image`, '', `${here}.image: Required value`],
    [`${MAIN}.image`, ' i', `${here}.image: Invalid value: " i": must not have leading or trailing whitespace`],
    ['spec.containers.1', { name: 'c', image: 'i' }, 'spec.containers[1].name: Duplicate value: "c"'],
    ['spec.initContainers', [{ name: 'c', image: 'i' }], 'spec.initContainers[0].name: Duplicate value: "c"'],
    [
      'spec.initContainers',
      [{ name: 'i', image: 'i', lifecycle: {} }],
      'spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
    ['spec.initContainers', [{ name: 'i', image: 'i', restartPolicy: 'Always', livenessProbe: { exec: { command: ['a'] } } }]],
    [
      `${MAIN}.restartPolicyRules`,
      [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }],
      `${here}.restartPolicy: Required value: must specify restartPolicy when restart rules are used`,
    ],
    [`${MAIN}.imagePullPolicy`, 'Never!', `${here}.imagePullPolicy: Unsupported value: "Never!": supported values: "Always", "IfNotPresent", "Never"`],
    [
      `${MAIN}.terminationMessagePolicy`,
      'Log',
      `${here}.terminationMessagePolicy: Unsupported value: "Log": supported values: "File", "FallbackToLogsOnError"`,
    ],
    [`${MAIN}.ports`, [{ containerPort: 0 }], `${here}.ports[0].containerPort: Required value`],
    [
      `${MAIN}.ports`,
      [{ containerPort: 80, protocol: 'ICMP' }],
      `${here}.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`,
    ],
    [
      `${MAIN}.ports`,
      [
        { containerPort: 1, hostPort: 5 },
        { containerPort: 2, hostPort: 5 },
      ],
      `${here}.ports[1].hostPort: Duplicate value: "TCP//5"`,
    ],
    [`${MAIN}.ports`, [{ containerPort: 1, name: '-a--' }], `${here}.ports[0].name: Invalid value: "-a--": must not begin or end with a hyphen`],
    [
      `${MAIN}.resizePolicy`,
      [{ resourceName: 'disk', restartPolicy: 'NotRequired' }],
      `${here}.resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"`,
    ],
  ]);
});

test('a Pod: environment', () => {
  checkRows(plain, [
    [`${MAIN}.env`, [{ name: '' }], `${here}.env[0].name: Required value`],
    [
      `${MAIN}.env`,
      [{ name: 'a=b' }],
      `${here}.env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
    ],
    [
      `${MAIN}.env`,
      [{ name: 'a', valueFrom: {} }],
      `${here}.env[0].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\`, \`secretKeyRef\` or \`fileKeyRef\``,
    ],
    [
      `${MAIN}.env`,
      [{ name: 'a', value: 'b', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      `${here}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
    ],
    [
      `${MAIN}.env`,
      [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'spec.os' } } }],
      `${here}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.os": error converting fieldPath: field label not supported: spec.os`,
    ],
    [
      `${MAIN}.env`,
      [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }],
      `${here}.env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace"…`,
    ],
    [
      `${MAIN}.env`,
      [{ name: 'a', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '5m' } } }],
      `${here}.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
    ],
    [
      `${MAIN}.env`,
      [{ name: 'a', valueFrom: { configMapKeyRef: { name: 'x', key: '..a' } } }],
      `${here}.env[0].valueFrom.configMapKeyRef.key: Invalid value: "..a": must not start with '..'`,
    ],
    [
      `${MAIN}.env`,
      [{ name: 'a', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'p', key: 'k' } } }],
      `${here}.env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"`,
    ],
    [`${MAIN}.envFrom`, [{}], `${here}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``],
    [`${MAIN}.envFrom`, [{ configMapRef: {} }], `${here}.envFrom[0].configMapRef.name: Required value`],
  ]);
});

test('a Pod: probes and what is done at its start and end', () => {
  const exec = { exec: { command: ['true'] } };
  checkRows(plain, [
    [`${MAIN}.livenessProbe`, {}, `${here}.livenessProbe: Required value: must specify a handler type`],
    [`${MAIN}.livenessProbe`, { ...exec, tcpSocket: { port: 1 } }, `${here}.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`],
    [`${MAIN}.livenessProbe`, { ...exec, successThreshold: 2 }, `${here}.livenessProbe.successThreshold: Invalid value: 2: must be 1`],
    [`${MAIN}.readinessProbe`, { ...exec, successThreshold: 2 }],
    [
      `${MAIN}.readinessProbe`,
      { ...exec, terminationGracePeriodSeconds: 2 },
      `${here}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 2: must not be set for readinessProbes`,
    ],
    [`${MAIN}.startupProbe`, { ...exec, periodSeconds: -1 }, `${here}.startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0`],
    [
      `${MAIN}.startupProbe`,
      { httpGet: { port: 1, scheme: 'FTP' } },
      `${here}.startupProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"`,
    ],
    [
      `${MAIN}.startupProbe`,
      { httpGet: { port: 1, httpHeaders: [{ name: 'a b', value: '' }] } },
      `${here}.startupProbe.httpGet.httpHeaders: Invalid value: "a b": a valid HTTP header must consist of…`,
    ],
    [
      `${MAIN}.lifecycle`,
      { preStop: { sleep: { seconds: 31 } } },
      `${here}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)`,
    ],
  ]);
  // Kubernetes takes it off unless it stands already.
  const stopping = set(plain, `${MAIN}.lifecycle`, { stopSignal: 'SIGTERM' });
  const why = `${here}.lifecycle.stopSignal: Forbidden: may not be set for containers with empty \`spec.os.name\``;
  checkRows(stopping, [['metadata.labels', { a: 'b' }, why]], (changed) => updateErrors(stopping, changed));
});

test('a Pod: what it asks for', () => {
  checkRows(plain, [
    [`${MAIN}.resources`, { limits: { gpu: '1' } }, `${here}.resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified`],
    [`${MAIN}.resources`, { limits: { pods: '1' } }, `${here}.resources.limits[pods]: Invalid value: "pods": must be a standard resource for containers`],
    [
      `${MAIN}.resources`,
      { requests: { cpu: '2' }, limits: { cpu: '1' } },
      `${here}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
    ],
    [
      `${MAIN}.resources`,
      { requests: { 'example.com/gpu': '1' } },
      `${here}.resources.limits: Required value: Limit must be set for non overcommitable resources`,
    ],
    [
      `${MAIN}.resources`,
      { requests: { 'example.com/gpu': '1' }, limits: { 'example.com/gpu': '2' } },
      `${here}.resources.requests: Invalid value: "1": must be equal to example.com/gpu limit of 2`,
    ],
    [`${MAIN}.resources`, { limits: { 'example.com/gpu': '1500m' } }, `${here}.resources.limits[example.com/gpu]: Invalid value: "1500m": must be an integer`],
    [`${MAIN}.resources`, { limits: { 'hugepages-2Mi': '2Mi' } }, `${here}.resources: Forbidden: HugePages require cpu or memory`],
    [
      `${MAIN}.resources`,
      { limits: { 'hugepages-2Mi': '3Mi', cpu: '1' } },
      `${here}.resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
    ],
    [
      `${MAIN}.resources`,
      { claims: [{ name: 'd' }] },
      `${here}.resources.claims[0]: Not found: "d": must be one of the names in pod.spec.resourceClaims which is empty`,
    ],
    ['spec.resources', { claims: [{ name: 'd' }] }, 'spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level'],
    [
      'spec.resources',
      { claims: [{ name: 'd' }] },
      'spec.resources.claims[0]: Not found: "d": must be one of the names in pod.spec.resourceClaims which is empty',
    ],
    [
      'spec.resourceClaims',
      [{ name: 'd' }],
      'spec.resourceClaims[0]: Invalid value: {"Name":"d","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
    ],
    [
      'spec',
      { resources: { requests: { cpu: '1' } }, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '2' } } }] },
      'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
    ],
    [
      'spec.resources',
      { limits: { 'ephemeral-storage': '1Gi' } },
      'spec.resources.limits[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu", "hugepages-", "memory"',
    ],
  ]);
});

test('a Pod: how it is kept in', () => {
  const context = `${MAIN}.securityContext`;
  checkRows(plain, [
    [`${context}.runAsUser`, -1, `${here}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`],
    [`${context}.procMount`, 'Unmasked', `${here}.securityContext.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``],
    [
      `${context}.seccompProfile`,
      { type: 'Localhost' },
      `${here}.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost`,
    ],
    [
      `${context}.appArmorProfile`,
      { type: 'Mine' },
      `${here}.securityContext.appArmorProfile.type: Unsupported value: "Mine": supported values: "Localhost", "RuntimeDefault", "Unconfined"`,
    ],
    [
      context,
      { allowPrivilegeEscalation: false, privileged: true },
      `${here}.securityContext: Invalid value: {"allowPrivilegeEscalation":false,"privileged":true}: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
    ],
    ['spec.securityContext', { fsGroup: -1 }, 'spec.securityContext.fsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive'],
    [
      'spec.securityContext',
      { sysctls: [{ name: 'A', value: '1' }] },
      'spec.securityContext.sysctls[0].name: Invalid value: "A": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
    ],
    [
      'spec',
      { ...plain.spec, hostNetwork: true, securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } },
      `spec.securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": may not be specified when 'hostNetwork' is true`,
    ],
    ['spec', { ...plain.spec, hostUsers: false, hostPID: true }, 'spec.HostPID: Forbidden: when `hostUsers` is false'],
    [
      'spec',
      { ...plain.spec, shareProcessNamespace: true, hostPID: true },
      'spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled',
    ],
    ['spec', { ...plain.spec, os: { name: 'windows' }, hostPID: true }, 'spec.hostPID: Forbidden: cannot be set for a windows pod'],
    [
      'spec',
      { ...plain.spec, os: { name: 'linux' }, securityContext: { windowsOptions: {} } },
      'spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod',
    ],
    ['spec.os', { name: 'plan9' }, 'spec.os: Unsupported value: "plan9": supported values: "linux", "windows"'],
    [
      'spec.securityContext',
      { windowsOptions: { runAsUserName: 'a\\b\\c' } },
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "a\\\\b\\\\c": runAsUserName cannot contain more than one backslash',
    ],
    [
      'spec.securityContext',
      { windowsOptions: { hostProcess: true } },
      'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
    ],
  ]);
});

test('a Pod: volumes and where they are', () => {
  const volume = (source: object) => [{ name: 'v', ...source }];
  const at = 'spec.volumes[0]';
  checkRows(plain, [
    ['spec.volumes', [{ name: 'v' }, { name: 'v' }], 'spec.volumes[1].name: Duplicate value: "v"'],
    ['spec.volumes', volume({ emptyDir: {}, secret: { secretName: 's' } }), `${at}.secret: Forbidden: may not specify more than 1 volume type`],
    [
      'spec.volumes',
      volume({ configMap: { name: 'c' }, nfs: { server: '', path: '/' } }),
      `${at}.configMap: Forbidden: may not specify more than 1 volume type`,
    ],
    ['spec.volumes', volume({ configMap: { name: 'c' }, nfs: { server: '', path: '/' } }), `${at}.nfs.server: Required value`],
    ['spec.volumes', volume({ emptyDir: {}, downwardAPI: {} }), `${at}.downwarAPI: Forbidden: may not specify more than 1 volume type`],
    ['spec.volumes', volume({ gcePersistentDisk: { pdName: '' } }), `${at}.persistentDisk.pdName: Required value`],
    [
      'spec.securityContext',
      { fsGroupChangePolicy: '' },
      'spec.securityContext.fsGroupChangePolicy: Unsupported value: "": supported values: "Always", "OnRootMismatch"',
    ],
    [
      'spec.securityContext',
      { seLinuxChangePolicy: 'MountOption' },
      'spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"',
    ],
    ['spec.volumes', volume({ hostPath: { path: '/a/../b' } }), `${at}.hostPath.path: Invalid value: "/a/../b": must not contain '..'`],
    ['spec.volumes', volume({ hostPath: { path: '/a', type: 'Dir' } }), `${at}.hostPath.type: Unsupported value: "Dir": supported values: "", "BlockDevice"…`],
    ['spec.volumes', volume({ secret: {} }), `${at}.secret.secretName: Required value`],
    [
      'spec.volumes',
      volume({ configMap: { name: 'a', defaultMode: 512 } }),
      `${at}.configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive`,
    ],
    [
      'spec.volumes',
      volume({ configMap: { name: 'a', items: [{ key: 'k', path: '/p' }] } }),
      `${at}.configMap.items[0].path: Invalid value: "/p": must be a relative path`,
    ],
    ['spec.volumes', volume({ nfs: { server: 's', path: 'p' } }), `${at}.nfs.path: Invalid value: "p": must be an absolute path`],
    ['spec.volumes', volume({ iscsi: { targetPortal: 't', iqn: 'x', lun: 300 } }), `${at}.iscsi.lun: Invalid value: 300: must be between 0 and 255, inclusive`],
    [
      'spec.volumes',
      volume({ iscsi: { targetPortal: 't', iqn: 'x', lun: 1 } }),
      `${at}.iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa`,
    ],
    ['spec.volumes', volume({ fc: { lun: 1 } }), `${at}.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both`],
    ['spec.volumes', volume({ csi: { driver: '' } }), `${at}.csi.driver: Required value`],
    ['spec.volumes', volume({ gcePersistentDisk: { pdName: '' } }), `${at}.persistentDisk.pdName: Required value`],
    [
      'spec.volumes',
      volume({ quobyte: { registry: 'host', volume: 'v' } }),
      `${at}.quobyte.registry: Invalid value: "host": must be a host:port pair or multiple pairs separated by commas`,
    ],
    [
      'spec.volumes',
      volume({ flexVolume: { driver: 'd', options: { 'kubernetes.io/a': 'b' } } }),
      `${at}.flexVolume.options[kubernetes.io/a]: Invalid value: "kubernetes.io/a": kubernetes.io and k8s.io namespaces are reserved`,
    ],
    [
      'spec.volumes',
      volume({ downwardAPI: { items: [{ path: 'p' }] } }),
      `${at}.downwardAPI: Required value: one of fieldRef and resourceFieldRef is required`,
    ],
    [
      'spec.volumes',
      volume({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }),
      `${at}.projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set`,
    ],
    [
      'spec.volumes',
      volume({
        projected: { sources: [{ secret: { name: 'a', items: [{ key: 'k', path: 'p' }] } }, { configMap: { name: 'b', items: [{ key: 'k', path: 'p' }] } }] },
      }),
      `${at}.projected: Invalid value: "b": conflicting duplicate paths`,
    ],
    ['spec.volumes', volume({ ephemeral: {} }), `${at}.ephemeral.volumeClaimTemplate: Required value`],
    [
      'spec.volumes',
      volume({ ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['Sometimes'] } } } }),
      `${at}.ephemeral.volumeClaimTemplate.spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"`,
    ],
    ['spec.volumes', volume({ image: {} }), `${at}.image.reference: Required value`],
    [`${MAIN}.volumeMounts`, [{ name: 'v', mountPath: '/a' }], `${here}.volumeMounts[0].name: Not found: "v"`],
    [
      'spec',
      {
        volumes: [{ name: 'v' }],
        containers: [
          {
            name: 'c',
            image: 'i',
            volumeMounts: [
              { name: 'v', mountPath: '/a' },
              { name: 'v', mountPath: '/a' },
            ],
          },
        ],
      },
      `${here}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique`,
    ],
    [
      'spec',
      { volumes: [{ name: 'v' }], containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/a', mountPropagation: 'Bidirectional' }] }] },
      `${here}.volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`,
    ],
    [
      'spec',
      { volumes: [{ name: 'v' }], containers: [{ name: 'c', image: 'i', volumeDevices: [{ name: 'v', devicePath: '/d' }] }] },
      `${here}.volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode`,
    ],
  ]);
});

test('a Pod: where it would rather be', () => {
  const node = (expression: object) => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } },
  });
  const term = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]';
  const spread = { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway' };
  const at = 'spec.topologySpreadConstraints[0]';
  checkRows(plain, [
    ['spec.affinity', node({ key: 'a', operator: 'Like' }), `${term}.operator: Invalid value: "Like": not a valid selector operator`],
    ['spec.affinity', node({ key: 'a', operator: 'In' }), `${term}.values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`],
    [
      'spec.affinity',
      node({ key: 'a', operator: 'Gt', values: ['1', '2'] }),
      `${term}.values: Required value: must be specified single value when \`operator\` is 'Lt' or 'Gt'`,
    ],
    [
      'spec.affinity',
      { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{}] } },
      'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty',
    ],
    [
      'spec.affinity',
      { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 101, podAffinityTerm: { topologyKey: 'z' } }] } },
      'spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100',
    ],
    ['spec.topologySpreadConstraints', [{ ...spread, maxSkew: 0 }], `${at}.maxSkew: Invalid value: 0: must be greater than zero`],
    [
      'spec.topologySpreadConstraints',
      [{ ...spread, minDomains: 2 }],
      `${at}.minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway`,
    ],
    ['spec.topologySpreadConstraints', [spread, spread], `${at}.{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, ScheduleAnyway}"`],
    [
      'spec.topologySpreadConstraints',
      [{ ...spread, matchLabelKeys: ['a'] }],
      `${at}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`,
    ],
    [
      'spec.tolerations',
      [{ operator: 'Equal' }],
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
    [
      'spec.tolerations',
      [{ key: 'a', operator: 'Exists', value: 'b' }],
      `spec.tolerations[0].operator: Invalid value: "b": value must be empty when \`operator\` is 'Exists'`,
    ],
    [
      'spec.tolerations',
      [{ key: 'a', operator: 'Exists', tolerationSeconds: 5 }],
      `spec.tolerations[0].effect: Invalid value: "": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
    ],
    [
      'spec.tolerations',
      [{ key: 'a', effect: 'No' }],
      'spec.tolerations[0].effect: Unsupported value: "No": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
    ['spec.hostNetwork', true],
    [
      'spec',
      { hostNetwork: true, containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1, hostPort: 2 }] }] },
      `${here}.ports[0].hostPort: Invalid value: 2: must match \`containerPort\` when \`hostNetwork\` is true`,
    ],
  ]);
});
