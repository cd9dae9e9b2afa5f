import assert from 'node:assert/strict';
import type { Family } from './family.ts';
import { configMap, pod, WEB } from './manifests.ts';

const STALE = 'the object has been modified; please apply your changes to the latest version and try again';
const BIG = { spec: { template: { spec: { containers: [{ name: 'c', image: 'x' }] } } } };

/** label, annotate, patch, replace, edit. */
export const CHANGE: Family = {
  title: 'kubectl label, annotate, patch, replace, edit',
  async prepare(k) {
    await k.has(configMap('a', { k: '1' }, { app: 'a' }), configMap('b', {}, { app: 'b' }), configMap('c'), WEB, pod('p'));
    await k.file('a.json', configMap('a', { k: '1' }));
  },
  cases: {
    'label: sets, refuses to overwrite, overwrites, lists, removes, of several, all, chosen, of a file': async (k) => {
      await k.says('label cm a new=1', 'configmap/a labeled');
      await k.says('label cm a new=1', 'configmap/a not labeled');
      await k.refuses('label cm a new=2', `error: 'new' already has a value (1), and --overwrite is false`);
      await k.says('label cm a new=2 --overwrite', 'configmap/a labeled');
      assert.deepEqual((await k.says('label cm a --list')).trim().split('\n').sort(), ['app=a', 'new=2']);
      await k.says('label cm a new-', 'configmap/a unlabeled');
      await k.says('label cm a new-', 'label "new" not found.\nconfigmap/a not labeled');
      await k.says('label cm a b more=1', 'configmap/a labeled\nconfigmap/b labeled');
      await k.says('label cm --all every=1 --dry-run=server', /^(configmap\/\S+ labeled \(server dry run\)\n){4}$/);
      await k.says('label cm -l app=b only=1', 'configmap/b labeled');
      await k.says('label -f a.json file=1', 'configmap/a labeled');
      await k.says('get cm --show-labels --no-headers -l app', 'a 1 <age> app=a,file=1,more=1\nb 0 <age> app=b,more=1,only=1');
      await k.says('label cm c x=y --dry-run=client -o jsonpath={.metadata.labels}', '{"x":"y"}');
      await k.refuses('label cm a a=b --resource-version=1', `Error from server (Conflict): Operation cannot be fulfilled on configmaps "a": ${STALE}`);
      await k.refuses('label cm none a=b', 'Error from server (NotFound): configmaps "none" not found');
      await k.refuses('label cm a wrong=/', /^error: invalid label value: "wrong=\/": a valid label must be an empty string or consist of/);
    },
    'annotate: sets, refuses to overwrite, overwrites, lists, removes, of all': async (k) => {
      await k.says('annotate cm a note=1', 'configmap/a annotated');
      await k.refuses('annotate cm a note=2', `error: --overwrite is false but found the following declared annotation(s): 'note' already has a value (1)`);
      await k.says('annotate cm a note=2 --overwrite', 'configmap/a annotated');
      await k.says('annotate cm a --list', 'note=2');
      await k.says('annotate cm a note-', 'configmap/a annotated');
      await k.says('get cm a -o jsonpath={.metadata.annotations}', '');
      await k.says('annotate cm --all every=1', /^(configmap\/\S+ annotated\n){4}$/);
      await k.refuses('annotate cm a x=1 --resource-version=1', `Error from server (Conflict): Operation cannot be fulfilled on configmaps "a": ${STALE}`);
    },
    'patch: strategic, merge and JSON; what changes nothing says so': async (k) => {
      await k.says(`patch cm a -p '{"data":{"n":"1"}}'`, 'configmap/a patched');
      await k.says(`patch cm a -p '{"data":{"n":"1"}}'`, 'configmap/a patched (no change)');
      await k.says(`patch cm a --type=merge -p '{"data":{"n":null}}'`, 'configmap/a patched');
      await k.says(`patch cm a --type=json -p '[{"op":"add","path":"/data/q","value":"1"}]'`, 'configmap/a patched');
      await k.says('get cm a -o jsonpath={.data}', '{"k":"1","q":"1"}');
      await k.says(`patch deploy web -p '${JSON.stringify(BIG)}'`, 'deployment.apps/web patched');
      await k.says('get deploy web -o jsonpath={.spec.template.spec.containers[0].image}{.spec.template.spec.containers[0].ports[0].containerPort}', 'x80');
      await k.file('patch.yaml', 'data: {from: file}');
      await k.says('patch cm a --patch-file patch.yaml -o jsonpath={.data.from}', 'file');
      await k.file('web.json', WEB);
      await k.says(`patch -f web.json -p '{"spec":{"replicas":7}}' --local -o jsonpath={.spec.replicas}`, '7');
      await k.says(`patch cm a -p '{"data":{"k":"9"}}' --dry-run=server -o jsonpath={.data.k}`, '9');
      await k.says('get cm a -o jsonpath={.data.k}', '1');
    },
    'patch: subresources': async (k) => {
      await k.says(`patch deploy web --subresource=scale --type=merge -p '{"spec":{"replicas":4}}'`, 'scale.autoscaling/web patched');
      await k.says('get deploy web -o jsonpath={.spec.replicas}', '4');
      await k.refuses(
        `patch deploy web --subresource=scale --type=merge -p '{"spec":{"replicas":-1}}'`,
        'The Scale "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      );
      await k.says(`patch pod p --subresource=status --type=merge -p '{"status":{"phase":"Running"},"spec":{"nodeName":"n"}}'`, 'pod/p patched');
      await k.says('get pod p -o jsonpath={.status.phase}/{.spec.nodeName}', 'Running/');
    },
    'patch: what is refused changes nothing': async (k) => {
      const words = 'The request is invalid: the server rejected our request due to an error in our request';
      await k.refuses(`patch cm a --type=json -p '[{"op":"test","path":"/data/k","value":"2"}]'`, new RegExp(`^${words}`));
      await k.refuses(`patch cm a --type=json -p '[{"op":"remove","path":"/data/none"}]'`, new RegExp(`^${words}`));
      await k.refuses(`patch cm a --type=json -p '{"a":1}'`, /^Error from server \(BadRequest\): /);
      await k.refuses(`patch cm a --type=other -p '{}'`, 'error: --type must be one of [json merge strategic], not "other"');
      await k.refuses(`patch cm none -p '{}'`, 'Error from server (NotFound): configmaps "none" not found');
      await k.refuses(
        `patch deploy web -p '{"spec":{"selector":{"matchLabels":{"app":"z"}}}}'`,
        `The Deployment "web" is invalid: \n* spec.template.metadata.labels: Invalid value: {"app":"web"}: \`selector\` does not match template \`labels\`\n* spec.selector: Invalid value: {"matchLabels":{"app":"z"}}: field is immutable`,
      );
      await k.refuses(
        `patch pod p -p '{"spec":{"nodeSelector":{"x":"y"}}}'`,
        /^The Pod "p" is invalid: spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,`spec\.initContainers\[\*\]\.image`,`spec\.activeDeadlineSeconds`,`spec\.tolerations` \(only additions to existing tolerations\),`spec\.terminationGracePeriodSeconds` \(allow it to be set to 1 if it was previously negative\)/,
      );
      await k.says('get cm a -o jsonpath={.data.k}', '1');
    },
    'replace: whole, by force, raw, and what is not there': async (k) => {
      await k.file('new.json', configMap('a', { k: 'new' }));
      await k.says('replace -f new.json --dry-run=server', 'configmap/a replaced (server dry run)');
      await k.says('replace -f new.json', 'configmap/a replaced');
      await k.says('get cm a -o jsonpath={.data}{.metadata.labels}', '{"k":"new"}');
      const uid = await k.says('get cm a -o jsonpath={.metadata.uid}');
      await k.says('replace --force -f new.json', 'configmap "a" deleted\nconfigmap/a replaced');
      assert.notEqual(await k.says('get cm a -o jsonpath={.metadata.uid}'), uid);
      await k.file('raw.json', configMap('a', { k: 'raw' }));
      assert.deepEqual((await k.object(`replace --raw /api/v1/namespaces/${k.namespace}/configmaps/a -f raw.json`)).data, { k: 'raw' });
      await k.file('none.json', configMap('none'));
      await k.refuses('replace -f none.json', 'Error from server (NotFound): error when replacing "none.json": configmaps "none" not found');
      await k.file('old.json', { ...configMap('a'), metadata: { name: 'a', resourceVersion: '1' } });
      await k.refuses(
        'replace -f old.json',
        `Error from server (Conflict): error when replacing "old.json": Operation cannot be fulfilled on configmaps "a": ${STALE}`,
      );
    },
    'edit: saves, leaves alone, opens again what the server refuses': async (k) => {
      const editor = (script: string) => ({ environment: { EDITOR: `sed -i ${script}` } });
      await k.says('edit cm a', 'configmap/a edited', editor('s/k:.raw/k:\\ edited/'));
      await k.says('get cm a -o jsonpath={.data.k}', 'edited');
      await k.warns('edit cm a', 'Edit cancelled, no changes made.', editor('s/nothing//'));
      await k.says('edit cm a -o json', /"k": "json"/, editor('s/\\"k\\":.\\"edited\\"/\\"k\\":\\ \\"json\\"/'));
      await k.says('edit cm a c --output-patch', /Patch: \{"data":\{"k":"patched"\}\}\nconfigmap\/a edited/, editor('s/k:.json/k:\\ patched/'));
      await k.refuses('edit cm a', /error: At least one of apiVersion, kind and name was changed\n$/, editor('s/name:.a$/name:\\ b/'));
      await k.refuses(
        'edit deploy web',
        /error: deployments\.apps "web" is invalid\n[^]*error: Edit cancelled, no valid changes were saved\.\n$/,
        editor('s/replicas:.4/replicas:\\ -4/'),
      );
      await k.says('edit pod p --subresource=status', 'pod/p edited', editor('s/phase:.Running/phase:\\ Failed/'));
      await k.says('get pod p -o jsonpath={.status.phase}', 'Failed');
    },
  },
};
