import assert from 'node:assert/strict';
import type { Family } from './family.ts';

const FOO = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'foos.explain.example.com' },
  spec: {
    group: 'explain.example.com',
    scope: 'Namespaced',
    names: { plural: 'foos', kind: 'Foo', singular: 'foo', shortNames: ['fo'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'Foo is a foo.',
            properties: {
              spec: { type: 'object', description: 'What is wanted.', required: ['size'], properties: { size: { type: 'integer', description: 'How big.' } } },
            },
          },
        },
      },
    ],
  },
};

/** `kubectl explain`, and what the server says of itself. */
export const EXPLAIN: Family = {
  title: 'kubectl explain, api-resources, api-versions, version, cluster-info',
  prepare: (k) => k.has(FOO),
  cases: {
    'explain: a kind, a field, its whole tree, another version, the older form': async (k) => {
      await k.says(
        'explain pods',
        /^KIND: {7}Pod\nVERSION: {4}v1\n\nDESCRIPTION:\n {4}Pod is a collection of containers[^]*\nFIELDS:\n {2}apiVersion\t<string>\n[^]*\n {2}spec\t<PodSpec>\n/,
      );
      await k.says(
        'explain deploy.spec.replicas',
        /^GROUP: {6}apps\nKIND: {7}Deployment\nVERSION: {4}v1\n\nFIELD: replicas <integer>\n\n\nDESCRIPTION:\n {4}\w/,
      );
      await k.says('explain pod.spec.containers', /\nFIELD: containers <\[\]Container>\n[^]*\n {2}name\t<string> -required-\n/);
      await k.says('explain pod.spec.containers.imagePullPolicy', /\nFIELD: imagePullPolicy <string>\nENUM:\n {4}Always\n {4}IfNotPresent\n {4}Never\n/);
      const tree = await k.says('explain pods --recursive');
      assert.match(tree, /\n {2}spec\t<PodSpec>\n[^]*\n {4}containers\t<\[\]Container> -required-\n[^]*\n {6}image\t<string>\n/);
      await k.says('explain hpa.spec --api-version=autoscaling/v1', /\nVERSION: {4}v1\n[^]*\n {2}targetCPUUtilizationPercentage\t<integer>\n/);
      await k.says('explain hpa.spec', /\nVERSION: {4}v2\n[^]*\n {2}metrics\t<\[\]MetricSpec>\n/);
      await k.says('explain cm.data --output=plaintext-openapiv2', /^KIND: +ConfigMap\nVERSION: +v1\n\nFIELD: +data <map\[string\]string>\n\nDESCRIPTION:\n/);
      await k.says(
        'explain cm --recursive --output=plaintext-openapiv2',
        /\nFIELDS:\n {3}apiVersion\t<string>\n[^]*\n {3}metadata\t<Object>\n {6}annotations\t<map\[string\]string>\n/,
      );
    },
    'explain: a kind of one’s own, and what there is not': async (k) => {
      await k.says(
        'explain foos',
        /^GROUP: {6}explain\.example\.com\nKIND: {7}Foo\nVERSION: {4}v1\n\nDESCRIPTION:\n {4}Foo is a foo\.\n[^]*\n {2}spec\t<Object>\n {4}What is wanted\.\n/,
      );
      await k.says('explain fo.spec', /\nFIELD: spec <Object>\n[^]*\n {2}size\t<integer> -required-\n {4}How big\.\n/);
      await k.refuses('explain pod.none', 'error: field "none" does not exist');
      await k.refuses('explain nothing', `the server doesn't have a resource type "nothing"`);
      await k.refuses('explain pods --output=none', 'error: unrecognized format: none');
      await k.refuses('explain', /^error: You must specify the type of resource to explain\./);
    },
    'a kind of one’s own has its columns and its short name, at once': async (k) => {
      await k.has({ apiVersion: 'explain.example.com/v1', kind: 'Foo', metadata: { name: 'big' }, spec: { size: 9 } });
      await k.says('get fo', 'NAME SIZE\nbig 9');
      await k.says('api-resources --api-group=explain.example.com --no-headers', 'foos fo explain.example.com/v1 true Foo');
    },
    'api-resources: by group, scope, verbs, category, as names, wide, in order': async (k) => {
      await k.says(
        'api-resources --api-group=apps',
        'NAME SHORTNAMES APIVERSION NAMESPACED KIND\ncontrollerrevisions apps/v1 true ControllerRevision\ndaemonsets ds apps/v1 true DaemonSet\ndeployments deploy apps/v1 true Deployment\nreplicasets rs apps/v1 true ReplicaSet\nstatefulsets sts apps/v1 true StatefulSet',
      );
      const verbs = 'create,delete,deletecollection,get,list,patch,update,watch';
      await k.says(
        'api-resources --api-group=batch -o wide --no-headers',
        `cronjobs cj batch/v1 true CronJob ${verbs} all\njobs batch/v1 true Job ${verbs} all`,
      );
      await k.says(
        'api-resources --api-group=rbac.authorization.k8s.io -o name --namespaced=false --cached',
        'clusterrolebindings.rbac.authorization.k8s.io\nclusterroles.rbac.authorization.k8s.io',
      );
      await k.says(
        'api-resources --categories=all --verbs=list,get -o name --sort-by=name',
        'cronjobs.batch\ndaemonsets.apps\ndeployments.apps\nhorizontalpodautoscalers.autoscaling\njobs.batch\npods\nreplicasets.apps\nreplicationcontrollers\nservices\nstatefulsets.apps',
      );
      await k.says('api-resources --no-headers --api-group=events.k8s.io --sort-by=kind', 'events ev events.k8s.io/v1 true Event');
      await k.refuses('api-resources --sort-by=size', 'error: --sort-by accepts only name or kind');
    },
    'api-versions, version, cluster-info': async (k) => {
      const versions = (await k.says('api-versions')).trim().split('\n');
      for (const one of ['v1', 'apps/v1', 'autoscaling/v1', 'autoscaling/v2', 'batch/v1', 'networking.k8s.io/v1', 'policy/v1', 'explain.example.com/v1'])
        assert.ok(versions.includes(one), one);
      assert.match(await k.says('version'), /^Client Version: v1\.\d+\.\S+\nKustomize Version: \S+\nServer Version: v1\.36\.\S+\n$/);
      // A kubectl of that age knows nothing of what the server can be taken for.
      const shown = (await k.object('version -o json')).serverVersion as object;
      assert.partialDeepStrictEqual(await k.object('get --raw /version'), shown);
      await k.says(
        'cluster-info',
        /Kubernetes control plane.* is running at .*https:\/\/[\d.]+:\d+.*\n\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'\.\n$/,
      );
    },
    'cluster-info dump: to the output, and to a folder': async (k) => {
      await k.says('create deployment seen --image=busybox');
      await k.says('wait deploy seen --for=jsonpath={.status.replicas}=1 --timeout=10s');
      const dump = await k.says(`cluster-info dump --namespaces=${k.namespace} -o yaml`);
      assert.match(dump, /kind: NodeList|kind: List/);
      assert.match(dump, /\n {4}name: seen\n/);
      await k.says(`cluster-info dump --namespaces=${k.namespace} --output-directory=dump`, /^Cluster info dumped to dump\n$/);
      assert.match(
        await k.inside(['sh', '-c', `cd dump/${k.namespace}; ls`]),
        /^daemonsets\.json\ndeployments\.json\nevents\.json\npods\.json\nreplicasets\.json\nreplication-controllers\.json\nseen-\S+\nservices\.json\n$/,
      );
    },
  },
};
