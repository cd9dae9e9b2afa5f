/**
 * An operator in some forty lines: each Website gets a ConfigMap with its page and a Deployment that serves it.
 * Run it against the cluster of your kubeconfig: node gantry.ts
 */
import { connect, createController, createInformer, isStatus, kindRef, kinds, type Clock, type ClusterClient, type KubeObject } from 'gantry';

export interface Website extends KubeObject {
  spec: { page: string; replicas?: number };
  status?: { available?: number };
}
const Website = kindRef<Website>({ apiVersion: 'example.com/v1', kind: 'Website', resource: 'websites', namespaced: true });

/** Starts the operator; the function that it answers stops it. */
export async function startOperator(client: ClusterClient, surroundings: { clock?: Clock } = {}): Promise<() => Promise<void>> {
  const websites = createInformer(client, Website, surroundings);
  const deployments = createInformer(client, kinds.Deployment, surroundings);

  const controller = createController({
    ...surroundings,
    name: 'website',
    async reconcile(key) {
      const [namespace = '', name = ''] = key.split('/');
      const website = websites.get(namespace, name);
      if (website === undefined) return undefined;
      const { uid = '' } = website.metadata;
      const metadata = { name, namespace, ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Website', name, uid, controller: true }] };
      const mine = { fieldManager: 'website-operator', force: true };
      await client.resource(kinds.ConfigMap).apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'index.html': website.spec.page } }, mine);
      const labels = { website: name };
      const container = { name: 'httpd', image: 'busybox', command: ['httpd', '-f', '-h', '/www'], volumeMounts: [{ name: 'page', mountPath: '/www' }] };
      const template = { metadata: { labels }, spec: { containers: [container], volumes: [{ name: 'page', configMap: { name } }] } };
      const spec = { replicas: website.spec.replicas ?? 1, selector: { matchLabels: labels }, template };
      const { status } = await client.resource(kinds.Deployment).apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec }, mine);
      const available = status?.availableReplicas ?? 0;
      if (website.status?.available !== available)
        await client.resource(Website).patch(name, namespace, 'merge', { status: { available } }, { subresource: 'status' }).catch(unlessGone);
      return undefined;
    },
  });

  websites.onChange(({ object: { metadata } }) => controller.add(`${metadata.namespace}/${metadata.name}`));
  deployments.onChange(({ object: { metadata } }) => {
    const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'Website');
    if (owner !== undefined) controller.add(`${metadata.namespace}/${owner.name}`);
  });
  await Promise.all([websites.start(), deployments.start()]);
  controller.start();
  return async () => {
    await controller.stop();
    await Promise.all([websites.stop(), deployments.stop()]);
  };
}

function unlessGone(error: unknown): void {
  if (!isStatus(error, 'NotFound')) throw error;
}

if (import.meta.main) await startOperator(await connect());
