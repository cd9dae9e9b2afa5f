import assert from 'node:assert/strict';
import type { Family } from './family.ts';
import { WEB } from './manifests.ts';

const TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n?$/;

/** Every generator of `kubectl create`. */
export const CREATE: Family = {
  title: 'kubectl create',
  async prepare(k) {
    await k.file('a.env', 'A=1\n# a comment\nB=2\n');
    await k.file('web.json', WEB);
  },
  cases: {
    'clusterrole: rules by resource with its group, by URL, by aggregation': async (k) => {
      const role = await k.object('create clusterrole reads --verb=get,list,watch --resource=pods,deployments.apps,pods/status --resource-name=a -o json');
      assert.deepEqual(role.rules, [
        { apiGroups: [''], resources: ['pods', 'pods/status'], resourceNames: ['a'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['a'], verbs: ['get', 'list', 'watch'] },
      ]);
      await k.says('create clusterrole urls --verb=get --non-resource-url=/logs/*', 'clusterrole.rbac.authorization.k8s.io/urls created');
      await k.says('create clusterrole sum --aggregation-rule=rbac.example.com/sum=true', 'clusterrole.rbac.authorization.k8s.io/sum created');
      await k.refuses('create clusterrole bad --verb=get --resource=foos', `the server doesn't have a resource type "foos"`);
      await k.refuses(
        'create clusterrole reads --verb=get --resource=pods',
        /^Error from server \(AlreadyExists\): clusterroles\.rbac\.authorization\.k8s\.io "reads" already exists\n$/,
      );
    },

    'clusterrolebinding: users, groups and accounts': async (k) => {
      const binding = await k.object('create clusterrolebinding crb --clusterrole=view --user=jane --group=devs --serviceaccount=ns:acc -o json');
      assert.deepEqual(binding.roleRef, { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' });
      assert.deepEqual(binding.subjects, [
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' },
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'devs' },
        { kind: 'ServiceAccount', name: 'acc', namespace: 'ns' },
      ]);
      await k.refuses(
        'create clusterrolebinding crb --clusterrole=view --user=jane',
        'error: failed to create clusterrolebinding: clusterrolebindings.rbac.authorization.k8s.io "crb" already exists',
      );
    },

    'role and rolebinding': async (k) => {
      await k.says('create role r --verb=get --verb=list --resource=pods --resource=services/status', 'role.rbac.authorization.k8s.io/r created');
      await k.refuses(
        'create role r --verb=fly --resource=pods',
        `Warning: 'fly' is not a standard resource verb\nError from server (AlreadyExists): roles.rbac.authorization.k8s.io "r" already exists`,
      );
      await k.says('create rolebinding rb --role=r --user=jane --serviceaccount=ns:acc', 'rolebinding.rbac.authorization.k8s.io/rb created');
      await k.refuses('create rolebinding both --role=r --clusterrole=view', 'error: exactly one of clusterrole or role must be specified');
    },

    'configmap: from literals, files, folders and environment files, with a hash': async (k) => {
      const map = await k.object('create configmap c --from-literal=x=1 --from-file=a.env --from-file=key=a.env -o json');
      assert.deepEqual(map.data, { x: '1', 'a.env': 'A=1\n# a comment\nB=2\n', key: 'A=1\n# a comment\nB=2\n' });
      await k.says('create configmap h --from-env-file=a.env --append-hash', 'configmap/h-2cgt56bh7d created');
      await k.says('get configmap h-2cgt56bh7d -o jsonpath={.data}', '{"A":"1","B":"2"}');
      await k.refuses('create configmap c --from-env-file=a.env', 'error: failed to create configmap: configmaps "c" already exists');
      await k.refuses(
        'create configmap Bad_Name',
        `error: failed to create configmap: ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      );
    },

    'secret generic, tls and docker-registry': async (k) => {
      const secret = await k.object('create secret generic s --from-literal=x=1 --type=example.com/mine -o json');
      assert.deepEqual([secret.type, secret.data], ['example.com/mine', { x: 'MQ==' }]);
      await k.says('create secret generic hashed --from-file=a.env --append-hash', /^secret\/hashed-[a-z0-9]{10} created\n$/);
      await k.inside([
        'sh',
        '-c',
        'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=x -keyout t.key -out t.crt 2>/dev/null',
      ]);
      await k.says('create secret tls t --cert=t.crt --key=t.key', 'secret/t created');
      await k.says('create secret docker-registry d --docker-username=u --docker-password=p --docker-email=e@x --docker-server=reg', 'secret/d created');
      await k.says(
        'get secrets',
        'NAME TYPE DATA AGE\nd kubernetes.io/dockerconfigjson 1 <age>\nhashed-… Opaque 1 <age>\ns example.com/mine 1 <age>\nt kubernetes.io/tls 2 <age>',
      );
      await k.refuses('create secret tls wrong --cert=a.env --key=t.key', /^error: tls: failed to find any PEM data in certificate input\n$/);
    },

    'deployment: images, replicas, port, command': async (k) => {
      const web = await k.object('create deployment two --image=busybox --image=nginx:1 --replicas=2 -o json');
      const spec = web.spec as { replicas: number; template: { spec: { containers: { name: string; image: string }[] } } };
      assert.deepEqual([spec.replicas, ...spec.template.spec.containers.map(({ name, image }) => `${name} ${image}`)], [2, 'busybox busybox', 'nginx nginx:1']);
      await k.says('create deployment cmd --image=busybox --port=80 -- sleep 1', 'deployment.apps/cmd created');
      await k.says(
        'get deploy cmd -o jsonpath={.spec.template.spec.containers[0].command}{.spec.template.spec.containers[0].ports}',
        '["sleep","1"][{"containerPort":80,"protocol":"TCP"}]',
      );
    },

    'namespace, serviceaccount, quota, priorityclass': async (k) => {
      await k.says('create namespace made', 'namespace/made created');
      await k.refuses('create namespace made', 'Error from server (AlreadyExists): namespaces "made" already exists');
      await k.says('create serviceaccount acc', 'serviceaccount/acc created');
      await k.says('create quota q --hard=pods=3', 'resourcequota/q created');
      await k.says('create quota be --hard=pods=5 --scopes=BestEffort', 'resourcequota/be created');
      const high = await k.object('create priorityclass high --value=1000 --description=urgent --preemption-policy=Never -o json');
      assert.deepEqual([high.value, high.description, high.preemptionPolicy, high.globalDefault], [1000, 'urgent', 'Never', undefined]);
      await k.refuses(
        'create priorityclass over --value=2000000000',
        'error: failed to create priorityclass: PriorityClass.scheduling.k8s.io "over" is invalid: value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
      );
      await k.refuses(
        'create priorityclass system-mine --value=1',
        `error: failed to create priorityclass: PriorityClass.scheduling.k8s.io "system-mine" is invalid: metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class`,
      );
    },

    'service clusterip, externalname, loadbalancer, nodeport': async (k) => {
      const lines = [
        'clusterip ip --tcp=5678:8080',
        'clusterip none --clusterip=None',
        'externalname name --external-name bar.example.com',
        'loadbalancer lb --tcp=80:8080',
      ];
      for (const line of lines) await k.says(`create service ${line}`, `service/${line.split(' ')[1]} created`);
      await k.says('create service nodeport np --tcp=80:8080 --node-port=30181', 'service/np created');
      await k.refuses(
        'create service nodeport again --tcp=80:8080 --node-port=30181',
        'error: failed to create NodePort service: Service "again" is invalid: spec.ports[0].nodePort: Invalid value: 30181: provided port is already allocated',
      );
      await k.refuses(
        'create service nodeport low --tcp=80:8080 --node-port=80',
        'error: failed to create NodePort service: Service "low" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
      );
      await k.refuses(
        'create service clusterip far --tcp=80 --clusterip=1.2.3.4',
        'error: failed to create ClusterIP service: Service "far" is invalid: spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: the provided network does not match the current range',
      );
      await k.says(
        'get services -o wide',
        `NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE SELECTOR
         ip ClusterIP 10.43.… <none> 5678/TCP <age> app=ip
         lb LoadBalancer 10.43.… <pending> 80:…/TCP <age> app=lb
         name ExternalName <none> bar.example.com <none> <age> app=name
         none ClusterIP None <none> <none> <age> app=none
         np NodePort 10.43.… <none> 80:30181/TCP <age> app=np`,
      );
    },

    'token: for an account, an audience, a time, an object': async (k) => {
      await k.says('create serviceaccount who');
      await k.says('create token who', TOKEN);
      const request = await k.object('create token who --duration=10m --audience=me -o json');
      assert.deepEqual(request.spec, { audiences: ['me'], expirationSeconds: 600, boundObjectRef: null });
      await k.says('create token who --bound-object-kind=Secret --bound-object-name=s', TOKEN);
      await k.refuses('create token who --bound-object-kind=Secret --bound-object-name=none', 'error: failed to create token: secrets "none" not found');
      await k.refuses('create token nobody', 'error: failed to create token: serviceaccounts "nobody" not found');
      await k.refuses('create token who --duration=1s', /spec\.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes\n$/);
    },

    '-f: dry runs, --save-config, --edit, --raw, what is there already, what is no file': async (k) => {
      await k.says('create -f web.json --dry-run=server', 'deployment.apps/web created (server dry run)');
      await k.says('create -f web.json --dry-run=client', 'deployment.apps/web created (dry run)');
      await k.refuses('get deployment web', 'Error from server (NotFound): deployments.apps "web" not found');
      await k.says('create -f web.json --save-config -o jsonpath={.metadata.annotations}', /^\{"kubectl\.kubernetes\.io\/last-applied-configuration":/);
      await k.refuses('create -f web.json', 'Error from server (AlreadyExists): error when creating "web.json": deployments.apps "web" already exists');
      await k.refuses('create -f none.json', 'error: the path "none.json" does not exist');
      await k.says('create -f web.json --edit', 'deployment.apps/edited created', { environment: { EDITOR: `sed -i s/name:.web$/name:\\ edited/` } });
      await k.file('map.json', { metadata: { name: 'raw' }, data: { a: 'b' } });
      const raw = await k.object(`create --raw /api/v1/namespaces/${k.namespace}/configmaps -f map.json`);
      assert.deepEqual([raw.kind, raw.apiVersion, raw.data], ['ConfigMap', 'v1', { a: 'b' }]);
    },
  },
};
