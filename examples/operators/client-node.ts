/** The same operator with @kubernetes/client-node. Run it against the cluster of your kubeconfig: node client-node.ts */
import { AppsV1Api, CoreV1Api, CustomObjectsApi, KubeConfig, makeInformer, PatchStrategy, setHeaderOptions, type KubernetesListObject, type KubernetesObject } from '@kubernetes/client-node';

interface Website extends KubernetesObject {
  spec: { page: string; replicas?: number };
}
const GROUP = { group: 'example.com', version: 'v1', plural: 'websites' };
const AS_APPLY = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);
const AS_MERGE = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
const MINE = { fieldManager: 'website-operator', force: true };

const config = new KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(CoreV1Api);
const apps = config.makeApiClient(AppsV1Api);
const custom = config.makeApiClient(CustomObjectsApi);

async function reconcile({ metadata: { name = '', namespace = '', uid = '' } = {}, spec: { page, replicas = 1 } }: Website): Promise<void> {
  const metadata = { name, namespace, ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Website', name, uid, controller: true }] };
  const page_ = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'index.html': page } };
  await core.patchNamespacedConfigMap({ name, namespace, body: page_, ...MINE }, AS_APPLY);
  const labels = { website: name };
  const container = { name: 'httpd', image: 'busybox', command: ['httpd', '-f', '-h', '/www'], volumeMounts: [{ name: 'page', mountPath: '/www' }] };
  const template = { metadata: { labels }, spec: { containers: [container], volumes: [{ name: 'page', configMap: { name } }] } };
  const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas, selector: { matchLabels: labels }, template } };
  const { status } = await apps.patchNamespacedDeployment({ name, namespace, body, ...MINE }, AS_APPLY);
  await custom.patchNamespacedCustomObjectStatus({ ...GROUP, name, namespace, body: { status: { available: status?.availableReplicas ?? 0 } } }, AS_MERGE);
}

const websites = new Map<string, Website>();
const list = async () => (await custom.listCustomObjectForAllNamespaces({ ...GROUP, resourcePlural: GROUP.plural })) as KubernetesListObject<Website>;
const informer = makeInformer<Website>(config, `/apis/${GROUP.group}/${GROUP.version}/${GROUP.plural}`, list);
const seen = (website: Website) => {
  websites.set(`${website.metadata?.namespace}/${website.metadata?.name}`, website);
  reconcile(website).catch((error: unknown) => console.error('cannot reconcile', website.metadata?.name, error));
};
informer.on('add', seen);
informer.on('update', (website) => {
  // Its own writes to the status come back too.
  const before = websites.get(`${website.metadata?.namespace}/${website.metadata?.name}`);
  if (before?.metadata?.generation !== website.metadata?.generation) seen(website);
});
const deployments = makeInformer(config, '/apis/apps/v1/deployments', () => apps.listDeploymentForAllNamespaces());
deployments.on('update', ({ metadata }) => {
  const website = websites.get(`${metadata?.namespace}/${metadata?.name}`);
  if (website !== undefined) seen(website);
});
for (const one of [informer, deployments]) one.on('error', (error: unknown) => console.error('cannot follow', error));
await Promise.all([informer.start(), deployments.start()]);
