import assert from 'node:assert/strict';
import type { Family } from './family.ts';
import { configMap, pod } from './manifests.ts';

const NAMES = 'a b c kube-root-ca.crt';

/** `kubectl get` in every form and with every way to choose. */
export const GET: Family = {
  title: 'kubectl get',
  async prepare(k) {
    await k.has(configMap('a', { k: '2' }, { app: 'a', tier: 'x' }), configMap('b', { k: '1' }, { app: 'b' }), configMap('c', { k: '3', z: '1' }), pod('p'));
  },
  cases: {
    'tables: plain, wide, with kinds, labels, label columns, without headers, and as the client alone can': async (k) => {
      const plain = 'NAME DATA AGE\na 1 <age>\nb 1 <age>\nc 2 <age>\nkube-root-ca.crt 1 <age>';
      await k.says('get cm', plain);
      await k.says('get cm -o wide', plain);
      await k.says('get cm a --no-headers', 'a 1 <age>');
      await k.says('get cm a c --show-kind', 'NAME DATA AGE\nconfigmap/a 1 <age>\nconfigmap/c 2 <age>');
      await k.says('get cm a c --show-labels', 'NAME DATA AGE LABELS\na 1 <age> app=a,tier=x\nc 2 <age> <none>');
      await k.says('get cm a b -L app,tier', 'NAME DATA AGE APP TIER\na 1 <age> a x\nb 1 <age> b');
      await k.says('get cm a --server-print=false', 'NAME AGE\na <age>');
      await k.says(
        'get pod p -o wide',
        'NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES\np 0/1 Pending 0 <age> <none> <none> <none> <none>',
      );
    },

    'objects: json, yaml, name, jsonpath, templates, custom columns, from a file too': async (k) => {
      const object = await k.object('get cm a -o json');
      assert.deepEqual([object.apiVersion, object.kind, object.data], ['v1', 'ConfigMap', { k: '2' }]);
      const list = await k.object('get cm -o json');
      assert.deepEqual([list.apiVersion, list.kind, list.metadata], ['v1', 'List', { resourceVersion: '' }]);
      await k.says('get cm a -o yaml', /^apiVersion: v1\ndata:\n {2}k: "2"\nkind: ConfigMap\nmetadata:\n/);
      await k.says('get cm -o name', 'configmap/a\nconfigmap/b\nconfigmap/c\nconfigmap/kube-root-ca.crt');
      await k.says(`get cm -o 'jsonpath={range .items[*]}{.metadata.name}={.data.k} {end}'`, 'a=2 b=1 c=3 kube-root-ca.crt=');
      await k.says('get cm a b -o jsonpath-as-json={.items[*].data.k}', '[\n"2",\n"1"\n]');
      await k.file('path.txt', '{.items[*].metadata.name}');
      await k.says('get cm -o jsonpath-file=path.txt', NAMES);
      await k.says(`get cm -o 'go-template={{range .items}}{{.metadata.name}} {{end}}'`, NAMES);
      await k.file('template.txt', '{{range .items}}{{.metadata.name}} {{end}}');
      await k.says('get cm -o go-template-file=template.txt', NAMES);
      await k.says('get cm a c -o custom-columns=N:.metadata.name,Z:.data.z', 'N Z\na <none>\nc 1');
      await k.file('columns.txt', 'NAME DATA\nmetadata.name data.k\n');
      await k.says('get cm a -o custom-columns-file=columns.txt', 'NAME DATA\na 2');
      await k.says('get cm a -o jsonpath={.none}', '');
      await k.refuses(
        'get cm a -o jsonpath={.none} --allow-missing-template-keys=false',
        /^error: error executing jsonpath "\{\.none\}": Error executing template: none is not found\./,
      );
      await k.refuses(
        'get cm a -o nothing',
        /^error: unable to match a printer suitable for the output format "nothing", allowed formats are: custom-columns,/,
      );
    },

    'order: by a string, by a field that some lack, by the time of creation': async (k) => {
      await k.says('get cm --sort-by=.data.k -o name', 'configmap/kube-root-ca.crt\nconfigmap/b\nconfigmap/a\nconfigmap/c');
      await k.says('get cm --sort-by={.data.k} --no-headers -l app', 'b 1 <age>\na 1 <age>');
      await k.says('get cm --sort-by=.metadata.creationTimestamp -o name -l app', 'configmap/a\nconfigmap/b');
    },

    'choice by labels': async (k) => {
      const chosen = async (selector: string, names: string) => {
        assert.equal((await k.says(`get cm -l '${selector}' -o jsonpath={.items[*].metadata.name}`)).trim(), names, selector);
      };
      await chosen('app=a', 'a');
      await chosen('app in (a,b),tier!=x', 'b');
      await chosen('app notin (a)', 'b c kube-root-ca.crt');
      await chosen('!app', 'c kube-root-ca.crt');
      await chosen('app,tier', 'a');
      await k.refuses(
        `get cm -l app===`,
        /^Error from server \(BadRequest\): Unable to find "\/v1, Resource=configmaps" that match label selector "app===", field selector "": /,
      );
      await k.warns('get cm -l app=nobody', `No resources found in ${k.namespace} namespace.`);
    },

    'choice by fields': async (k) => {
      await k.says('get cm --field-selector metadata.name=a -o name', 'configmap/a');
      await k.says(
        'get cm --field-selector metadata.name!=a,metadata.namespace=NAMESPACE -o name'.replace('NAMESPACE', k.namespace),
        'configmap/b\nconfigmap/c\nconfigmap/kube-root-ca.crt',
      );
      await k.says('get pods --field-selector status.phase=Pending,spec.nodeName= -o name', 'pod/p');
      await k.refuses(
        'get pods --field-selector spec.none=1',
        /^Error from server \(BadRequest\): Unable to find "\/v1, Resource=pods" that match label selector "", field selector "spec.none=1": field label not supported: spec\.none/,
      );
    },

    'several kinds, names of several kinds, kinds of a group and version, of a file, of a kustomization': async (k) => {
      await k.says('get cm/a pod/p', 'NAME DATA AGE\nconfigmap/a 1 <age>\n\nNAME READY STATUS RESTARTS AGE\npod/p 0/1 Pending 0 <age>');
      await k.says('get cm,pods -o name -l !app', 'configmap/c\nconfigmap/kube-root-ca.crt\npod/p');
      await k.says('get configmaps.v1. a -o name', 'configmap/a');
      await k.warns('get deployments.v1.apps', `No resources found in ${k.namespace} namespace.`);
      await k.says('get all', 'NAME READY STATUS RESTARTS AGE\npod/p 0/1 Pending 0 <age>');
      await k.file('two.json', { apiVersion: 'v1', kind: 'List', items: [configMap('a'), configMap('b')] });
      await k.says('get -f two.json -o name', 'configmap/a\nconfigmap/b');
      await k.inside(['sh', '-c', `mkdir kus; printf 'resources: [../two.json]\\n' > kus/kustomization.yaml`]);
      await k.refuses('get -k kus', /security; file .* is not in or below/);
      await k.inside(['sh', '-c', 'cp two.json kus/; sed -i s,../,, kus/kustomization.yaml']);
      await k.says('get -k kus -o name', 'configmap/a\nconfigmap/b');
    },

    'what is not there': async (k) => {
      await k.refuses('get cm a none', 'Error from server (NotFound): configmaps "none" not found');
      await k.says('get cm none --ignore-not-found', '');
      await k.refuses('get nothings', `error: the server doesn't have a resource type "nothings"`);
      await k.refuses('get deployments.v2.apps', `error: the server doesn't have a resource type "deployments"`);
      await k.refuses('get', /^You must specify the type of resource to get\. Use "kubectl api-resources" for a complete list/);
      await k.warns('get pods -n nowhere', 'No resources found in nowhere namespace.');
    },

    'in pieces, and raw': async (k) => {
      await k.says('get cm --chunk-size=1 -o name', 'configmap/a\nconfigmap/b\nconfigmap/c\nconfigmap/kube-root-ca.crt');
      const first = await k.object(`get --raw /api/v1/namespaces/${k.namespace}/configmaps?limit=1`);
      const { continue: next, remainingItemCount } = first.metadata as { continue: string; remainingItemCount: number };
      assert.deepEqual([first.kind, (first.items as unknown[]).length, remainingItemCount], ['ConfigMapList', 1, 3]);
      const second = await k.object(`get --raw /api/v1/namespaces/${k.namespace}/configmaps?limit=2&continue=${next}`);
      assert.deepEqual(
        (second.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name),
        ['b', 'c'],
      );
      await k.says('get --raw /readyz', 'ok');
      await k.says('get --raw /readyz?verbose', /^\[\+\]ping ok\n(\[\+\]\S+ ok\n)+readyz check passed\n$/);
      await k.says('get --raw /livez?verbose', /^\[\+\]ping ok\n(\[\+\]\S+ ok\n)+livez check passed\n$/);
      await k.refuses('get --raw /nothing', 'Error from server (NotFound): the server could not find the requested resource');
    },

    'in all namespaces; a kind that belongs to none': async (k, plane) => {
      const other = await plane.space();
      await other.has(configMap('a', {}, { app: 'far' }));
      await k.says('get cm -A -l app=far', `NAMESPACE NAME DATA AGE\n${other.namespace} a 0 <age>`);
      await k.says(`get namespace ${k.namespace}`, `NAME STATUS AGE\n${k.namespace} Active <age>`);
      await k.says(
        `get ns ${k.namespace} -o jsonpath={.metadata.labels}{.spec}`,
        `{"kubernetes.io/metadata.name":"${k.namespace}"}{"finalizers":["kubernetes"]}`,
      );
    },

    subresources: async (k) => {
      await k.says('get pod p --subresource=status -o jsonpath={.status.phase}', 'Pending');
      await k.says('create deployment web --image=busybox --replicas=2');
      await k.says('wait deploy web --for=jsonpath={.status.replicas}=2 --timeout=10s');
      await k.says('get deploy web --subresource=scale', 'NAME DESIRED AVAILABLE AGE\nweb 2 2 <age>');
      const scale = await k.object('get deploy web --subresource=scale -o json');
      assert.deepEqual([scale.apiVersion, scale.kind, scale.spec], ['autoscaling/v1', 'Scale', { replicas: 2 }]);
      await k.refuses('get cm a --subresource=status', 'Error from server (NotFound): the server could not find the requested resource');
      await k.refuses('get deploy --subresource=scale', 'error: subresource cannot be used when bulk resources are specified');
    },

    '-w: what is there and what comes, with and without the first, with the kinds of events': async (k) => {
      const line = (name: string) => new RegExp(`${name} +\\d+ +\\d+s`);
      await using all = k.start('get cm -w --no-headers -l watched');
      await using only = k.start('get cm --watch-only --no-headers -l watched');
      await using events = k.start('get cm -w --output-watch-events --no-headers -l watched');
      await using json = k.start(`get cm -w --output-watch-events -o jsonpath={.type}:{.object.metadata.name}; -l watched`);
      await k.has(configMap('seen', {}, { watched: 'yes' }));
      await all.hears(line('seen'));
      await events.hears(line('ADDED +seen'));
      await json.hears(/ADDED:seen;/);
      await k.says('label cm seen watched=still --overwrite');
      await events.hears(line('MODIFIED +seen'));
      await k.says('label cm seen watched-');
      await events.hears(line('DELETED +seen'));
      await json.hears(/MODIFIED:seen;DELETED:seen;/);
      await k.says('label cm seen watched=again');
      await only.hears(line('seen'));
      await k.says('get cm seen -w -o name --request-timeout=1s', 'configmap/seen');
    },
  },
};
