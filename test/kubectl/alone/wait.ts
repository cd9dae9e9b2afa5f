import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import type { Family } from './family.ts';
import { configMap, pod, WEB } from './manifests.ts';

/** wait, events, proxy: what goes on for a while. */
export const WAIT: Family = {
  title: 'kubectl wait, events, proxy',
  prepare: (k) => k.has(WEB, configMap('a'), pod('p')),
  cases: {
    'wait: for a condition, a value, an end, a beginning': async (k) => {
      await k.says('wait --for=jsonpath={.status.replicas}=2 deploy/web --timeout=10s', 'deployment.apps/web condition met');
      await k.says('wait --for=jsonpath={.spec.replicas} deploy web', 'deployment.apps/web condition met');
      await k.says('wait --for=condition=Available=False deploy --all --timeout=10s', 'deployment.apps/web condition met');
      await k.refuses('wait --for=condition=Ready pod/p --timeout=1s', /error: timed out waiting for the condition on pods\/p\n$/);
      await k.refuses('wait --for=condition=Ready pods -l app=web --timeout=1s', /(timed out waiting for the condition on pods\/web-\S+\n){2}$/);
      await k.says('wait --for=delete cm/none --timeout=1s', '');
      await k.says('wait --for=create cm/a --timeout=1s', 'configmap/a condition met');
      await k.refuses('wait --for=create cm/never --timeout=1s', /error: timed out waiting for the condition/);
      await k.refuses('wait --for=condition=Ready pod/none', 'Error from server (NotFound): pods "none" not found');
      await k.refuses('wait --for=nothing cm/a', 'error: unrecognized condition: "nothing"');
    },
    'wait: is told of what happens meanwhile': async (k) => {
      await using value = k.start('wait --for=jsonpath={.data.x}=1 cm/a --timeout=20s');
      await using created = k.start('wait --for=create cm/late --timeout=20s');
      await using deleted = k.start('wait --for=delete cm/a --timeout=20s');
      await using ready = k.start('wait --for=condition=Ready pod/p --timeout=20s');
      await k.says(`patch cm a --type=merge -p '{"data":{"x":"1"}}'`);
      await value.hears(/^configmap\/a condition met\n/);
      await k.has(configMap('late'));
      await created.hears(/^configmap\/late condition met\n/);
      await k.says(`patch pod p --subresource=status --type=merge -p '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'`);
      await ready.hears(/^pod\/p condition met\n/);
      await k.says('delete cm a');
      assert.deepEqual(await Promise.all([value.ended, created.ended, deleted.ended, ready.ended]), [0, 0, 0, 0]);
    },
    'events: of one object, of a type, watched': async (k) => {
      await using watching = k.start('events --watch --for deploy/web');
      const first = 'Normal ScalingReplicaSet Deployment/web Scaled up replica set web-… from 0 to 2';
      await eventually('the first event', () => k.says('events --for deploy/web', `LAST SEEN TYPE REASON OBJECT MESSAGE\n<age> ${first}`));
      await watching.hears(/LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n[^\n]+Scaled up replica set web-\S+ from 0 to 2\n/);
      await k.says('scale deploy web --replicas=1');
      await watching.hears(/Normal +ScalingReplicaSet +Deployment\/web +Scaled down replica set web-\S+ from 2 to 1\n/);
      assert.equal((await k.says('events --for deploy/web --types=Normal --no-headers')).trim().split('\n').length, 2);
      await k.warns('events --types=Warning', `No events found in ${k.namespace} namespace.`);
      await k.refuses('events --types=Other', /valid --types are Normal or Warning/);
      await k.says(`events -A --no-headers`, new RegExp(`^${k.namespace} +\\d+s? `, 'm'));
      await k.says('get events --field-selector involvedObject.kind=Deployment,reason=ScalingReplicaSet -o name', /^(event\/web\.\w+\n){2}$/);
      const events = await k.object('get events.events.k8s.io -o json');
      assert.ok((events.items as { regarding?: { kind: string } }[]).some(({ regarding }) => regarding?.kind === 'Deployment'));
    },
    'proxy: the API by plain HTTP, less what it refuses': async (k) => {
      await using proxy = k.start('proxy --port=0');
      const [, port] = await proxy.hears(/^Starting to serve on 127\.0\.0\.1:(\d+)\n/);
      const get = (path: string, ...more: string[]) => k.inside(['curl', '--silent', ...more, `http://127.0.0.1:${port}${path}`]);
      assert.equal(await get('/readyz'), 'ok');
      const list = JSON.parse(await get(`/api/v1/namespaces/${k.namespace}/configmaps?limit=1`)) as { kind: string };
      assert.equal(list.kind, 'ConfigMapList');
      assert.equal(
        await get(`/api/v1/namespaces/${k.namespace}/pods/p/exec`, '--output', '/dev/null', '--write-out', '%{http_code}', '--request', 'POST'),
        '403',
      );
      await using prefixed = k.start('proxy --port=0 --api-prefix=/k8s');
      const [, other] = await prefixed.hears(/127\.0\.0\.1:(\d+)\n/);
      assert.equal(await k.inside(['curl', '--silent', `http://127.0.0.1:${other}/k8s/readyz`]), 'ok');
    },
  },
};
