// What the measurements write, as JSON.

/** A ConfigMap of 1 KB of data. */
export const configMap = (name: string, mark = ''): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { mark, content: 'x'.repeat(1024) } });

const environment = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `SETTING_${index}`, value: `the value of setting ${index}` }));
const probe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10, timeoutSeconds: 2 };
const container = (name: string) => ({
  name,
  image: `registry.example.com/team/${name}@sha256:${'0123456789abcdef'.repeat(4)}`,
  args: ['--listen=:8080', '--log-level=info', '--data-dir=/var/lib/data'],
  env: environment(12),
  ports: [{ name: 'http', containerPort: 8080 }],
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  readinessProbe: probe,
  livenessProbe: probe,
  volumeMounts: [{ name: 'data', mountPath: '/var/lib/data' }],
});
const template = {
  containers: [container('server'), container('sidecar')],
  volumes: [{ name: 'data', emptyDir: {} }],
  tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'team', effect: 'NoSchedule' }],
};

/** A Pod as they are: 3 KB once its defaults stand in it. */
export const pod = (name: string): string => {
  const labels = { app: 'server', 'app.kubernetes.io/name': 'server', 'app.kubernetes.io/part-of': 'shop', 'pod-template-hash': '5d89bcf5c' };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: template });
};

/** A Deployment as it is applied; `replicas` is what changes. */
export const deployment = (name: string, replicas: number): string => {
  const labels = { app: name };
  const spec = { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: template } };
  return JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels }, spec });
};
