import assert from 'node:assert/strict';
import type { Family } from './family.ts';
import { configMap, WEB } from './manifests.ts';

interface Manager {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
}

/** apply in both its ways, and diff. */
export const APPLY: Family = {
  title: 'kubectl apply and diff',
  async prepare(k) {
    await k.file('two.json', { apiVersion: 'v1', kind: 'List', items: [configMap('a', { k: '1' }, { set: 'x' }), configMap('b', { k: '1' }, { set: 'x' })] });
    await k.file('web.json', WEB);
    await k.file('web3.json', { ...WEB, spec: { ...WEB.spec, replicas: 3 } });
  },
  cases: {
    'apply -f: created, unchanged, configured; dry runs; what is no manifest': async (k) => {
      await k.says('apply -f two.json --dry-run=server', 'configmap/a created (server dry run)\nconfigmap/b created (server dry run)');
      await k.says('apply -f two.json', 'configmap/a created\nconfigmap/b created');
      await k.says('apply -f two.json', 'configmap/a unchanged\nconfigmap/b unchanged');
      await k.file('a2.json', configMap('a', { n: '2' }, { set: 'x' }));
      await k.says('apply -f a2.json --dry-run=client', 'configmap/a configured (dry run)');
      await k.says('apply -f a2.json', 'configmap/a configured');
      await k.says('get cm a -o jsonpath={.data}', '{"n":"2"}');
      await k.says('apply -f two.json -o name', 'configmap/a\nconfigmap/b');
      await k.says('apply -f web.json', 'deployment.apps/web created');
      await k.says('apply -f web3.json', 'deployment.apps/web configured');
      await k.says('get deploy web -o jsonpath={.spec.replicas}', '3');
      await k.refuses('apply -f none.json', 'error: the path "none.json" does not exist');
      await k.refuses('apply', 'error: must specify one of -f and -k');
      await k.file('empty.yaml', '');
      await k.refuses('apply -f empty.yaml', 'error: no objects passed to apply');
      await k.says('create configmap plain');
      await k.file('plain.json', configMap('plain', { a: 'b' }));
      await k.warns(
        'apply -f plain.json',
        /^Warning: resource configmaps\/plain is missing the kubectl\.kubernetes\.io\/last-applied-configuration annotation which is required by kubectl apply\./,
      );
    },
    'apply -k, delete -k, kustomize': async (k) => {
      await k.inside(['sh', '-c', `mkdir kus; printf 'namePrefix: pre-\\nconfigMapGenerator: [{name: gen, literals: [a=b]}]\\n' > kus/kustomization.yaml`]);
      await k.says('kustomize kus', 'apiVersion: v1\ndata:\na: b\nkind: ConfigMap\nmetadata:\nname: pre-gen-4h2mbtbbt6');
      await k.says('apply -k kus', 'configmap/pre-gen-4h2mbtbbt6 created');
      await k.says('apply -k kus', 'configmap/pre-gen-4h2mbtbbt6 unchanged');
      await k.says('delete -k kus', 'configmap "pre-gen-4h2mbtbbt6" deleted');
    },
    'view-last-applied, set-last-applied, edit-last-applied': async (k) => {
      await k.says(
        'apply view-last-applied cm/b',
        `apiVersion: v1\ndata:\nk: "1"\nkind: ConfigMap\nmetadata:\nannotations: {}\nlabels:\nset: x\nname: b\nnamespace: ${k.namespace}`,
      );
      assert.deepEqual((await k.object('apply view-last-applied -f a2.json -o json')).data, { k: '1' });
      await k.file('b2.json', configMap('b', { k: '2' }, { set: 'x' }));
      await k.says('apply set-last-applied -f b2.json', 'configmap/b configured');
      await k.says('apply view-last-applied cm/b -o json', /"k": "2"/);
      await k.says('get cm b -o jsonpath={.data.k}', '1');
      await k.refuses('apply set-last-applied -f none2.json', 'error: the path "none2.json" does not exist');
      await k.says('create configmap bare');
      await k.file('bare.json', configMap('bare'));
      await k.refuses(
        'apply set-last-applied -f bare.json',
        /^error: no last-applied-configuration annotation found on resource: bare, to create the annotation, run the command with --create-annotation/,
      );
      await k.says('apply set-last-applied -f bare.json --create-annotation', 'configmap/bare configured');
      await k.says('apply edit-last-applied cm/b', 'configmap/b edited', { environment: { EDITOR: `sed -i s/k:.\\"2\\"/k:\\ \\"3\\"/` } });
      await k.says('apply view-last-applied cm/b -o json', /"k": "3"/);
    },
    '--server-side: managers, their conflicts, force, and what one gave up': async (k) => {
      const own = { ...WEB, metadata: { name: 'own' } };
      await k.file('own.json', own);
      await k.file('own4.json', { ...own, spec: { ...own.spec, replicas: 4 } });
      await k.says('apply --server-side -f own.json', 'deployment.apps/own serverside-applied');
      await k.says('apply --server-side -f own.json --dry-run=server', 'deployment.apps/own serverside-applied (server dry run)');
      await k.refuses(
        'apply --server-side -f own.json --dry-run=client',
        `error: --dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)`,
      );
      await k.refuses(
        'apply --server-side --field-manager=other -f own4.json',
        /^error: Apply failed with 1 conflict: conflict with "kubectl": \.spec\.replicas\nPlease review the fields above--they currently have other managers\./,
      );
      await k.says('apply --server-side --field-manager=other --force-conflicts -f own4.json', 'deployment.apps/own serverside-applied');
      const { metadata } = await k.object('get deploy own -o json --show-managed-fields');
      const { managedFields } = metadata as { managedFields: readonly Manager[] };
      assert.deepEqual(
        managedFields.filter(({ operation }) => operation === 'Apply').map(({ manager }) => manager),
        ['kubectl', 'other'],
      );
      await k.says('scale deploy own --replicas=5');
      await k.refuses(
        'apply --server-side --field-manager=other -f own4.json',
        /^error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using \S+: \.spec\.replicas\n/,
      );
    },
    '--server-side after apply: the fields go over to it': async (k) => {
      await k.file('m.json', configMap('m', { a: '1', b: '1' }));
      await k.says('apply -f m.json');
      await k.says('apply --server-side -f m.json', 'configmap/m serverside-applied');
      await k.file('m2.json', configMap('m', { a: '1' }));
      await k.says('apply --server-side -f m2.json', 'configmap/m serverside-applied');
      await k.says('get cm m -o jsonpath={.data}', '{"a":"1"}');
      await k.says(`patch cm m --type=merge -p '{"data":{"a":"2"}}' --field-manager=someone`);
      await k.refuses('apply --server-side -f m2.json', /^error: Apply failed with 1 conflict: conflict with "someone" using v1: \.data\.a\n/);
    },
    '--prune: by labels and an allow list, and by an ApplySet': async (k) => {
      await k.file('only-a.json', configMap('a', { k: '1' }, { set: 'x' }));
      await k.says(
        'apply --prune -l set=x --prune-allowlist=core/v1/ConfigMap -f only-a.json',
        'configmap/a configured\nconfigmap/b pruned'.replace('configured', 'unchanged'),
      );
      await k.refuses('apply --prune -f only-a.json', /^error: all resources selected for prune without explicitly passing --all\./);
      const set = { environment: { KUBECTL_APPLYSET: 'true' } };
      await k.file('s.json', { apiVersion: 'v1', kind: 'List', items: [configMap('s1'), configMap('s2')] });
      await k.says(
        'apply --server-side --prune --applyset=configmaps/parent -f s.json',
        'configmap/s1 serverside-applied\nconfigmap/s2 serverside-applied',
        set,
      );
      await k.file('s1.json', configMap('s1'));
      await k.says('apply --server-side --prune --applyset=configmaps/parent -f s1.json', 'configmap/s1 serverside-applied\nconfigmap/s2 pruned', set);
      await k.says('get cm parent -o jsonpath={.metadata.annotations}', /"applyset\.kubernetes\.io\/contains-group-kinds":"ConfigMap"/);
    },
    'diff: what would be made, what would change, nothing': async (k) => {
      await k.says('diff -f only-a.json', '');
      await k.file('a3.json', configMap('a', { k: '3' }, { set: 'x' }));
      const changed = await k.try('diff -f a3.json');
      assert.equal(changed.status, 1);
      assert.match(changed.stdout, /\n data:\n- {2}k: "1"\n\+ {2}k: "3"\n/);
      const made = await k.try('diff -f b2.json');
      assert.match(made.stdout, /\n\+kind: ConfigMap\n\+metadata:\n/);
      assert.match((await k.try('diff --server-side -f a3.json --force-conflicts')).stdout, /\+ {2}k: "3"\n/);
      await k.says('diff -f a3.json', '', { environment: { KUBECTL_EXTERNAL_DIFF: 'true' } });
      await k.says('get cm a -o jsonpath={.data.k}', '1');
    },
  },
};
