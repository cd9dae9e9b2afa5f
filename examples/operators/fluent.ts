/** The same operator with kubernetes-fluent-client. Run it against the cluster of your kubeconfig: node fluent.ts */
import { GenericKind, K8s, kind, RegisterKind } from 'kubernetes-fluent-client';

class Website extends GenericKind {
  declare spec: { page: string; replicas?: number };
  declare status?: { available?: number };
}
RegisterKind(Website, { group: 'example.com', version: 'v1', kind: 'Website', plural: 'websites' });

async function reconcile({ metadata: { name = '', namespace = '', uid = '' } = {}, spec: { page, replicas = 1 } }: Website): Promise<void> {
  const metadata = { name, namespace, ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Website', name, uid, controller: true }] };
  await K8s(kind.ConfigMap).Apply({ metadata, data: { 'index.html': page } }, { force: true });
  const labels = { website: name };
  const container = { name: 'httpd', image: 'busybox', command: ['httpd', '-f', '-h', '/www'], volumeMounts: [{ name: 'page', mountPath: '/www' }] };
  const template = { metadata: { labels }, spec: { containers: [container], volumes: [{ name: 'page', configMap: { name } }] } };
  const { status } = await K8s(kind.Deployment).Apply({ metadata, spec: { replicas, selector: { matchLabels: labels }, template } }, { force: true });
  await K8s(Website).PatchStatus({ metadata: { name, namespace }, status: { available: status?.availableReplicas ?? 0 } } as Website);
}

const report = (error: unknown) => console.error('cannot reconcile', error);
await K8s(Website)
  .Watch((website, phase) => {
    if (phase !== 'DELETED') reconcile(website).catch(report);
  })
  .start();
await K8s(kind.Deployment)
  .Watch(async ({ metadata }, phase) => {
    const owner = metadata?.ownerReferences?.find((one) => one.kind === 'Website');
    if (phase === 'DELETED' || owner === undefined) return;
    await K8s(Website).InNamespace(metadata?.namespace ?? '').Get(owner.name).then(reconcile).catch(report);
  })
  .start();
