import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import type { Family } from './family.ts';
import { configMap, pod, WEB } from './manifests.ts';

const NOT_FOUND = 'Error from server (NotFound):';

/** `kubectl delete` with every way to choose and to wait. */
export const DELETE: Family = {
  title: 'kubectl delete',
  async prepare(k) {
    await k.has(configMap('a', {}, { app: 'a' }), configMap('b', {}, { app: 'b' }), configMap('c'), configMap('d'));
    await k.file('d.json', configMap('d'));
  },
  cases: {
    'by name, labels, fields, file, all; dry runs; what is not there': async (k) => {
      await k.says('delete cm a --dry-run=client', 'configmap "a" deleted (dry run)');
      await k.says('delete cm a --dry-run=server', 'configmap "a" deleted (server dry run)');
      await k.says('delete cm a', 'configmap "a" deleted');
      await k.refuses('delete cm a', `${NOT_FOUND} configmaps "a" not found`);
      await k.says('delete cm a --ignore-not-found', '');
      await k.says('delete cm -l app=b -o name', 'configmap/b');
      await k.says('delete cm -l app=nobody', 'No resources found');
      await k.says('delete cm --field-selector=metadata.name=c', 'configmap "c" deleted');
      await k.refuses('delete cm', 'error: resource(s) were provided, but no name was specified');
      await k.says('delete -f d.json', 'configmap "d" deleted');
      await k.refuses('delete -f d.json', `${NOT_FOUND} error when deleting "d.json": configmaps "d" not found`);
      await k.has(configMap('e'), pod('p'));
      await k.refuses('delete pod/none cm/e', `${NOT_FOUND} pods "none" not found`);
      await k.says('delete cm --all', 'configmap "kube-root-ca.crt" deleted');
      await k.says('delete all --all', 'pod "p" deleted');
    },
    '--raw': async (k) => {
      await k.has(configMap('raw'));
      const uid = await k.says('get cm raw -o jsonpath={.metadata.uid}');
      const answer = await k.object(`delete --raw /api/v1/namespaces/${k.namespace}/configmaps/raw`);
      assert.deepEqual(answer, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: 'raw', kind: 'configmaps', uid } });
    },
    '--now, --grace-period, --force': async (k) => {
      await k.has(pod('x'), pod('y'), pod('z'));
      await k.says('delete pod x --now', 'pod "x" deleted');
      await k.says('delete pod y --grace-period=1', 'pod "y" deleted');
      await k.warns(
        'delete pod z --grace-period=0 --force',
        /^Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated\./,
      );
      await k.says('get pods', '');
      await k.refuses('delete pod x --grace-period=0 --now', 'error: --now and --grace-period cannot be specified together');
    },
    '--cascade: orphan leaves what was made, background and foreground take it along': async (k) => {
      const made = () => k.says('get rs,pods -o name');
      const start = async () => {
        await k.has(WEB);
        await k.says('wait deploy web --for=jsonpath={.status.replicas}=2 --timeout=10s');
      };
      await start();
      await k.says('delete deploy web --cascade=orphan', 'deployment.apps "web" deleted');
      assert.match(await made(), /^replicaset\.apps\/web-\S+\npod\/web-\S+\npod\/web-\S+\n$/);
      await k.says('get rs -o jsonpath={.items[*].metadata.ownerReferences}', '');
      await k.says('delete rs --all --cascade=background', /^replicaset\.apps "web-\S+" deleted\n$/);
      await eventually('no Pods', async () => (await made()) === '');
      await start();
      await k.says('delete deploy web --cascade=foreground --timeout=20s', 'deployment.apps "web" deleted');
      assert.equal(await made(), '');
      await k.refuses('delete deploy web --cascade=wrong', 'error: invalid cascade value (wrong). Must be "background", "foreground", or "orphan"');
    },
    '--wait and --timeout: a finalizer holds it until it goes': async (k) => {
      await k.has({ ...configMap('held'), metadata: { name: 'held', finalizers: ['example.com/hold'] } });
      await k.refuses('delete cm held --timeout=1s', /error: timed out waiting for the condition on configmaps\/held\n$/);
      await k.says('get cm held -o jsonpath={.metadata.deletionTimestamp}', /^\d{4}-\d\d-\d\dT/);
      await k.says('delete cm held --wait=false', 'configmap "held" deleted');
      await using waiting = k.start('delete cm held');
      await waiting.hears(/configmap "held" deleted/);
      await k.says(`patch cm held --type=merge -p '{"metadata":{"finalizers":null}}'`, 'configmap/held patched');
      assert.equal(await waiting.ended, 0);
      await k.refuses('get cm held', `${NOT_FOUND} configmaps "held" not found`);
    },
    'a namespace goes with all that is in it': async (k) => {
      await k.says('create namespace going');
      await k.says('create configmap in -n going');
      await k.says('delete namespace going --timeout=20s', 'namespace "going" deleted');
      await k.refuses('get cm in -n going', `${NOT_FOUND} namespaces "going" not found`);
      await k.refuses(
        'delete namespace kube-system',
        'Warning: deleting cluster-scoped resources, not scoped to the provided namespace\nError from server (Forbidden): namespaces "kube-system" is forbidden: this namespace may not be deleted',
      );
    },
  },
};
