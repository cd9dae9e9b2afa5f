import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import type { Family } from './family.ts';
import { configMap, pod, WEB } from './manifests.ts';

const NOT_FOUND = 'Error from server (NotFound):';

/** expose, run, scale, autoscale, rollout, set: as far as there is no node. */
export const WORKLOADS: Family = {
  title: 'kubectl expose, run, scale, autoscale, rollout, set',
  async prepare(k) {
    await k.has(WEB, configMap('settings', { k: 'v' }), pod('lone', {}, { app: 'lone' }));
    await k.file('web.json', WEB);
  },
  cases: {
    'expose: a Deployment, a Pod, a Service; types, protocols, selectors': async (k) => {
      await k.says('expose deploy web --port=80', 'service/web exposed');
      await k.refuses('expose deploy web --port=80', 'Error from server (AlreadyExists): services "web" already exists');
      await k.says('expose svc web --port=443 --target-port=80 --name=tls', 'service/tls exposed');
      await k.says('get svc web tls -o jsonpath={.items[*].spec.ports[0].targetPort}:{.items[*].spec.selector}', '80 80:{"app":"web"} {"app":"web"}');
      await k.says('expose pod lone --port=80 --type=NodePort --protocol=UDP --name=lone', 'service/lone exposed');
      await k.says('get svc lone --no-headers', 'lone NodePort 10.43.… <none> 80:…/UDP <age>');
      await k.says(
        'expose deploy web --port=80 --name=other --labels=a=b --selector=x=y --dry-run=client -o jsonpath={.metadata.labels}{.spec.selector}',
        '{"a":"b"}{"x":"y"}',
      );
      await k.refuses('expose cm settings --port=80', 'error: cannot expose a ConfigMap');
      await k.refuses('expose deploy none --port=80', `${NOT_FOUND} deployments.apps "none" not found`);
      await k.refuses('expose deploy web --port=80 --name=Wrong', /^The Service "Wrong" is invalid: [^]*metadata\.name: Invalid value: "Wrong": a /);
    },
    'run: for real and dry, with ports, environment, labels, overrides, a Service': async (k) => {
      await k.says('run r1 --image=busybox', 'pod/r1 created');
      await k.refuses('run r1 --image=busybox', 'Error from server (AlreadyExists): pods "r1" already exists');
      await k.says('get pod r1 -o jsonpath={.metadata.labels}{.spec.containers[0].name}', '{"run":"r1"}r1');
      await k.says('run r2 --image=busybox --dry-run=server', 'pod/r2 created (server dry run)');
      const spec = '-o jsonpath={.spec.containers[0].command}{.spec.containers[0].env}{.spec.restartPolicy}{.metadata.labels}';
      await k.says(
        `run r3 --image=busybox --dry-run=client --env=A=b --labels=a=b --port=80 --restart=Never ${spec} --command -- sleep 1`,
        '["sleep","1"][{"name":"A","value":"b"}]Never{"a":"b"}',
      );
      await k.says('run r4 --image=busybox --expose --port=80', 'service/r4 created\npod/r4 created');
      await k.says(`run r5 --image=busybox --overrides='{"spec":{"nodeName":"far"}}' -o jsonpath={.spec.nodeName}`, 'far');
      await k.says(
        'run r6 --image=busybox --annotations=a=b --privileged -o jsonpath={.metadata.annotations}{.spec.containers[0].securityContext}',
        '{"a":"b"}{"privileged":true}',
      );
      await k.refuses(
        'run Wrong --image=busybox',
        /^The Pod "Wrong" is invalid: \n\* metadata\.name: Invalid value: "Wrong": a lowercase RFC 1123 subdomain [^\n]+\n\* spec\.containers\[0\]\.name: /,
      );
      await k.refuses('run r7', /image/);
    },
    'scale: to, only from, only of a version, several, all, of a file, and waited for': async (k) => {
      await k.says('scale deploy web --replicas=3', 'deployment.apps/web scaled');
      await k.refuses('scale deploy web --replicas=1 --current-replicas=2', 'error: Expected replicas to be 2, was 3');
      await k.says('scale deploy web --replicas=1 --current-replicas=3', 'deployment.apps/web scaled');
      await k.refuses('scale deploy web --replicas=2 --resource-version=1', /^error: Expected resource version to be 1, was \d+\n$/);
      await k.refuses('scale deploy/web rs/none --replicas=2', `${NOT_FOUND} replicasets.apps "none" not found`);
      await k.says('scale -f web.json --replicas=4', 'deployment.apps/web scaled');
      await k.says('scale deploy --all --replicas=2', 'deployment.apps/web scaled');
      await k.says('scale deploy web --replicas=3 --timeout=10s', 'deployment.apps/web scaled');
      await k.says('get deploy web -o jsonpath={.spec.replicas}/{.status.replicas}', '3/3');
      await k.says('scale deploy web --replicas=9 --dry-run=server', 'deployment.apps/web scaled (server dry run)');
      await k.refuses('scale cm settings --replicas=1', `${NOT_FOUND} the server could not find the requested resource`);
      await k.refuses('scale deploy web --replicas=-1', 'error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0');
    },
    autoscale: async (k) => {
      await k.says('autoscale deploy web --max=3', 'horizontalpodautoscaler.autoscaling/web autoscaled');
      await k.refuses('autoscale deploy web --max=3', 'Error from server (AlreadyExists): horizontalpodautoscalers.autoscaling "web" already exists');
      await k.says('autoscale deploy web --max=5 --min=2 --cpu-percent=50 --name=half', 'horizontalpodautoscaler.autoscaling/half autoscaled');
      await k.says('get hpa half --no-headers', 'half Deployment/web cpu: <unknown>/50% 2 5 … <age>');
      await k.refuses('autoscale deploy web --max=1 --min=2 --name=no', 'error: --max=MAXPODS must be larger or equal to --min=MINPODS, max: 1, min: 2');
      await k.refuses(
        'autoscale cm settings --max=2',
        'error: cannot autoscale a ConfigMap: could not find scale subresource for /v1, Resource=configmaps in discovery information',
      );
      await k.says('delete hpa --all');
    },
    'rollout: history, pause, resume, restart, undo, status': async (k) => {
      const revision = (number: number) =>
        k.says(`wait deploy web --for=jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}=${number} --timeout=10s`);
      await k.says('annotate deploy web kubernetes.io/change-cause=first', 'deployment.apps/web annotated');
      await k.says('set image deploy/web c=busybox:2', 'deployment.apps/web image updated');
      await revision(2);
      await k.says('rollout history deploy web', /^deployment\.apps\/web \nREVISION +CHANGE-CAUSE\n1 +\S+\n2 +first\n\n$/);
      await k.says(
        'rollout history deploy web --revision=1',
        /^deployment\.apps\/web with revision #1\nPod Template:\n {2}Labels:\tapp=web\n\tpod-template-hash=\w+\n[^]*\n {4}Image:\tbusybox\n/,
      );
      await k.refuses('rollout history deploy web --revision=9', 'error: unable to find the specified revision');
      await k.says('rollout pause deploy web', 'deployment.apps/web paused');
      await k.refuses('rollout pause deploy web', 'error: deployments.apps "web" is already paused');
      await k.refuses('rollout restart deploy web', `error: deployments.apps "web" can't restart paused deployment (run rollout resume first)`);
      await k.refuses('rollout undo deploy web', `error: you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again`);
      await k.says('rollout resume deploy web', 'deployment.apps/web resumed');
      await k.refuses('rollout resume deploy web', 'error: deployments.apps "web" is not paused');
      await k.says('rollout undo deploy web --dry-run=server', 'deployment.apps/web rolled back (server dry run)');
      await k.says('rollout undo deploy web', 'deployment.apps/web rolled back');
      await revision(3);
      await k.says('get deploy web -o jsonpath={.spec.template.spec.containers[0].image}', 'busybox');
      await k.says('rollout undo deploy web --to-revision=2', 'deployment.apps/web rolled back');
      await k.refuses('rollout undo deploy web --to-revision=9', 'error: unable to find specified revision 9 in history');
      await k.says('rollout restart deploy web', 'deployment.apps/web restarted');
      await k.says(
        'rollout status deploy web --watch=false',
        /^Waiting for deployment "web" rollout to finish: \d out of 3 new replicas have been updated\.\.\.\n$/,
      );
      await k.refuses('rollout status deploy web --timeout=1s', 'error: timed out waiting for the condition');
      await k.refuses('rollout status deploy none', `${NOT_FOUND} deployments.apps "none" not found`);
      await k.refuses('rollout history cm settings', /^error: .*no visitor method exists for \{ ConfigMap\}/);
    },
    'set image, resources, serviceaccount, selector, subject': async (k) => {
      await k.says('set image deploy web *=busybox:3', 'deployment.apps/web image updated');
      await k.refuses('set image deploy/web none=busybox', 'error: unable to find container named "none"');
      await k.says('set image -f web.json c=local --local -o jsonpath={.spec.template.spec.containers[0].image}', 'local');
      await k.says('set resources deploy web --limits=cpu=200m,memory=64Mi --requests=cpu=100m', 'deployment.apps/web resource requirements updated');
      await k.refuses(
        'set resources deploy web --limits=cpu=50m',
        /^error: failed to patch resources update to pod template Deployment\.apps "web" is invalid: spec\.template\.spec\.containers\[0\]\.resources\.requests: Invalid value: "100m": must be less than or equal to cpu limit of 50m\n$/,
      );
      await k.says('set serviceaccount deploy web default', 'deployment.apps/web serviceaccount updated');
      await k.says('set selector svc web a=b', 'service/web selector updated');
      await k.says('get svc web -o jsonpath={.spec.selector}', '{"a":"b"}');
      await k.refuses('set selector deploy web a=b', 'error: setting a selector is only supported for Services');
      await k.says('create role r --verb=get --resource=pods');
      await k.says('create rolebinding rb --role=r --user=jane');
      await k.says('set subject rolebinding rb --user=bob --group=g --serviceaccount=ns:acc', 'rolebinding.rbac.authorization.k8s.io/rb subjects updated');
      await k.says('get rolebinding rb -o jsonpath={.subjects[*].name}', 'jane bob g acc');
    },
    'set env: values, their list, removal, from a ConfigMap': async (k) => {
      await k.says('set env deploy/web A=b C=d', 'deployment.apps/web env updated');
      await k.says('set env deploy/web --list', '# Deployment web, container c\nA=b\nC=d');
      await k.says('set env deploy/web A-', 'deployment.apps/web env updated');
      await k.says('set env deploy/web --from=configmap/settings --prefix=P_', 'deployment.apps/web env updated');
      await k.says('set env deploy/web --list', '# Deployment web, container c\nC=d\n# P_K from configmap settings, key k');
      await k.says('set env deploy/web --list --resolve', '# Deployment web, container c\nC=d\nP_K=v');
      await k.refuses('set env cm settings A=b', 'error: configmaps/settings the object is not a pod or does not have a pod template: *v1.ConfigMap');
    },
    'StatefulSets and DaemonSets: made, shown, scaled, restarted': async (k) => {
      const template = { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } };
      const selector = { matchLabels: { app: 'db' } };
      await k.has(
        { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' }, spec: { serviceName: 'db', replicas: 2, selector, template } },
        { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'every' }, spec: { selector, template } },
      );
      await k.says('get sts -o wide', /^NAME +READY +AGE +CONTAINERS +IMAGES\ndb +0\/2 +\d+s +c +busybox\n$/);
      await k.says('get ds', /^NAME +DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +NODE SELECTOR +AGE\nevery +\d+ +\d+ +0 +\d+ +0 +<none> +\d+s\n$/);
      await k.says('describe sts db', /^Name: +db\n[^]*\nReplicas: +2 desired \| \d total\nUpdate Strategy: +RollingUpdate\n +Partition: +0\nPods Status: /);
      await k.says('describe ds every', /^Name: +every\n[^]*\nAnnotations: +deprecated\.daemonset\.template\.generation: 1\n/);
      await k.says('scale sts db --replicas=1', 'statefulset.apps/db scaled');
      await k.says('rollout restart sts/db ds/every', 'statefulset.apps/db restarted\ndaemonset.apps/every restarted');
      await k.says('set image sts/db ds/every c=busybox:2', 'statefulset.apps/db image updated\ndaemonset.apps/every image updated');
      await k.says('get sts/db -o jsonpath={.metadata.generation}/{.spec.template.spec.containers[0].image}', '4/busybox:2');
      await k.refuses('rollout pause sts db', 'error: statefulsets.apps "db" pausing is not supported');
      await k.says('delete sts,ds --all', 'statefulset.apps "db" deleted\ndaemonset.apps "every" deleted');
    },
    'logs, exec, attach, port-forward of a Pod that no node has': async (k) => {
      const homeless = 'Error from server (BadRequest): pod lone does not have a host assigned';
      await k.refuses('logs lone', homeless);
      await k.refuses('exec lone -- true', homeless);
      await k.refuses('port-forward lone 80', 'error: unable to forward port because pod is not running. Current status=Pending');
      await k.refuses('logs none', /Error from server \(NotFound\): pods "none" not found|error from server \(NotFound\): pods "none" not found in namespace/);
    },
    'a ReplicaSet that cannot make its Pods says why, and rests': async (k) => {
      await k.has({
        ...WEB,
        metadata: { name: 'stuck' },
        spec: { ...WEB.spec, template: { ...WEB.spec.template, spec: { ...WEB.spec.template.spec, serviceAccountName: 'none' } } },
      });
      await k.says('wait deploy stuck --for=condition=ReplicaFailure --timeout=10s', 'deployment.apps/stuck condition met');
      const path = '{.status.conditions[?(@.type=="ReplicaFailure")].message}';
      const why = `pods "stuck-…-" is forbidden: error looking up service account ${k.namespace}/none: serviceaccount "none" not found`;
      await k.says(`get deploy stuck -o jsonpath=${path}`, why);
      const state = () => k.says('get deploy,rs -l app=web -o jsonpath={.items[*].metadata.resourceVersion}');
      const rests = await eventually('no change for a while', async () => {
        const before = await state();
        await k.says('events --for deploy/stuck');
        return before === (await state()) && before;
      });
      assert.ok(rests);
    },
  },
};
