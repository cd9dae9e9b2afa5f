import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createApiServer } from '#cluster/apiserver';
import { inProcessClient } from '#cluster/client';
import { createControllers } from '#cluster/controllers';
import { openMemoryStore } from '#cluster/store';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { connectKubectl, type Kubectl } from '../../src/cluster/apiserver/testkit/kubectl.ts';
import { eventually } from '../support/eventually.ts';

const shared = { clock: systemClock, random: systemRandom, logger: silentLogger };

/** API server and controllers in this process, and the real kubectl, as an administrator where it isn't said otherwise. */
async function startAccess(): Promise<{ kubectl: Kubectl } & AsyncDisposable> {
  const store = await openMemoryStore();
  const tokens = new Map([['robots-token', { name: 'robot', groups: ['machines'] }]]);
  const server = await createApiServer({ ...shared, store, serviceCidr: '10.96.0.0/24', nodes: () => undefined, version: 'v1.36.0+gantry-test', tokens });
  const client = inProcessClient(server.handler, { name: 'system:kube-controller-manager', groups: ['system:authenticated'] });
  const controllers = createControllers({ ...shared, client, options: { rootCa: 'the authority' } });
  await controllers.start();
  const kubectl = await connectKubectl(server);
  return {
    kubectl,
    async [Symbol.asyncDispose]() {
      await kubectl[Symbol.asyncDispose]();
      await controllers.stop();
      await client.close();
      await server.stop();
      await store.close();
    },
  };
}

let cluster: Awaited<ReturnType<typeof startAccess>>;
before(async () => {
  cluster = await startAccess();
  await eventually('the role view to be filled', async () =>
    (await cluster.kubectl('get', 'clusterrole', 'view', '-o', 'jsonpath={.rules}')).stdout.includes('pods'),
  );
});
after(() => cluster[Symbol.asyncDispose]());

const run = async (line: string) => await cluster.kubectl(...line.split(' '));
const says = async (line: string) => {
  const { stdout, stderr, code } = await run(line);
  assert.equal(code, 0, `${line}: ${stderr}`);
  return stdout;
};
const refuses = async (line: string, pattern: RegExp) => {
  const { stderr, stdout, code } = await run(line);
  assert.notEqual(code, 0, `${line}: ${stdout}`);
  assert.match(stderr, pattern);
};
const apply = async (name: string, object: object) => {
  const file = join(cluster.kubectl.folder, `${name}.json`);
  await writeFile(file, JSON.stringify(object));
  return await run(`create -f ${file}`);
};

describe('roles and bindings', () => {
  test('a binding in a namespace counts there only', async () => {
    await says('create namespace shop');
    await says('create role reader --verb=get,list --resource=pods,pods/log -n shop');
    await says('create rolebinding jane-reads --role=reader --user=jane -n shop');
    assert.equal(await says('get pods -n shop --as jane'), '');
    await refuses('get pods --as jane', /pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"/);
    await refuses('delete pod x -n shop --as jane', /pods "x" is forbidden: User "jane" cannot delete resource "pods" in API group "" in the namespace "shop"/);
    await refuses('get nodes --as jane', /nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope/);
    assert.equal(await says('auth can-i list pods -n shop --as jane'), 'yes\n');
    assert.equal(await says('auth can-i get pods/log -n shop --as jane'), 'yes\n');
    const { stdout, code } = await run('auth can-i create pods -n shop --as jane');
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^no - RoleBinding "jane-reads\/shop" of Role "reader" to User "jane" allows only get, list on pods\. To allow it: kubectl create rolebinding NAME --clusterrole=edit --user=jane --namespace=shop\n$/,
    );
  });

  test('names, groups, patterns of subresources, paths that are no resources', async () => {
    await says('create clusterrole one-map --verb=get,update --resource=configmaps --resource-name=settings');
    await says('create clusterrolebinding dev-map --clusterrole=one-map --group=dev');
    assert.equal(await says('auth can-i update configmaps/settings --as bob --as-group dev'), 'yes\n');
    assert.match((await run('auth can-i update configmaps/other --as bob --as-group dev')).stdout, /allows it for the names "settings" only/);
    assert.match((await run('auth can-i list configmaps --as bob --as-group dev')).stdout, /^no/);
    await apply('scaler', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'scaler' },
      rules: [{ apiGroups: ['apps'], resources: ['*/scale'], verbs: ['update'] }],
    });
    await says('create clusterrolebinding scales --clusterrole=scaler --user=ann');
    assert.equal(await says('auth can-i update deployments.apps --subresource=scale --as ann'), 'yes\n');
    assert.match((await run('auth can-i update deployments.apps --as ann')).stdout, /^no/);
    assert.equal(await says('auth can-i get /apis/apps --as ann'), 'yes\n');
    await refuses('get --raw /metrics --as ann', /User "ann" cannot get path "\/metrics"/);
    await says('create clusterrole metrics --verb=get --non-resource-url=/metrics');
    await says('create clusterrolebinding metrics --clusterrole=metrics --user=ann');
    assert.match(await says('get --raw /metrics --as ann'), /^# /);
  });

  test('nobody gives what he has not, unless he may escalate or bind', async () => {
    await says('create clusterrole manages-roles --verb=create,update,patch,get --resource=roles,rolebindings');
    await says('create rolebinding manager --clusterrole=manages-roles --user=max');
    await refuses(
      'create role grabs --verb=get,delete --resource=secrets --as max',
      /roles.rbac.authorization.k8s.io "grabs" is forbidden: user "max" \(groups=\["system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["secrets"\], Verbs:\["get" "delete"\]\}/,
    );
    await refuses('create rolebinding grabs --clusterrole=view --user=max --as max', /attempting to grant RBAC permissions not currently held/);
    await says('create clusterrole binds-view --verb=bind --resource=clusterroles --resource-name=view');
    await says('create clusterrolebinding binds-view --clusterrole=binds-view --user=max');
    await says('create rolebinding grants --clusterrole=view --user=max --as max');
    assert.equal(await says('get configmaps -o name --as max'), 'configmap/kube-root-ca.crt\n');
    await says('create clusterrole labels-roles --verb=get,patch,update --resource=clusterroles');
    await says('create clusterrolebinding labels-roles --clusterrole=labels-roles --user=max');
    await refuses(
      'label clusterrole cluster-admin rbac.authorization.k8s.io/aggregate-to-view=true --as max',
      /attempting to grant RBAC permissions not currently held/,
    );
    await says('label clusterrole binds-view rbac.authorization.k8s.io/aggregate-to-view=true --as max');
    await refuses('create rolebinding none --role=nowhere --user=max --as max', /roles.rbac.authorization.k8s.io "nowhere" not found/);
  });

  test('roles are put together by labels, and those that every cluster has come back as they are wanted', async () => {
    await apply('more', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'more', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      rules: [{ apiGroups: ['example.org'], resources: ['things'], verbs: ['get'] }],
    });
    await eventually('view to have it', async () => (await says('get clusterrole view -o yaml')).includes('example.org'));
    assert.ok((await says('get clusterrole admin -o yaml')).includes('example.org'));
    assert.equal((await says('get clusterroles -o name -l kubernetes.io/bootstrapping=rbac-defaults')).split('\n').length > 70, true);
  });

  test('auth reconcile, can-i --list, whoami', async () => {
    const file = join(cluster.kubectl.folder, 'reconcile.yaml');
    await writeFile(
      file,
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: things}\nrules:\n- {apiGroups: [""], resources: [pods], verbs: [get]}\n',
    );
    assert.match(await says(`auth reconcile -f ${file}`), /clusterrole.rbac.authorization.k8s.io\/things reconciled/);
    assert.match(await says('auth can-i --list --as jane -n shop'), /pods\/log +\[\] +\[\] +\[get list\]/);
    assert.match(
      await says('auth whoami --as jane --as-group dev --as-uid 7 -o json'),
      /"username": "jane",\s+"uid": "7",\s+"groups": \[\s+"dev",\s+"system:authenticated"/,
    );
  });
});

describe('who asks', () => {
  test('bearer tokens of a file; a token that is not known is refused, and nobody in particular too', async () => {
    const raw = async (token?: string) => {
      const { default: https } = await import('node:https');
      return await new Promise<number | undefined>((resolve, reject) => {
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
        https.get(`${cluster.kubectl.url}/api`, { headers, rejectUnauthorized: false }, (answer) => resolve(answer.resume().statusCode)).on('error', reject);
      });
    };
    assert.deepEqual(await Promise.all([raw('robots-token'), raw('another'), raw()]), [200, 401, 401]);
  });

  test('acting as others takes the right to', async () => {
    await says('create clusterrole acts --verb=impersonate --resource=users --resource-name=jane');
    await says('create clusterrolebinding acts --clusterrole=acts --user=robot');
    const asRobot = (line: string) => run(`--token robots-token --kubeconfig ${join(cluster.kubectl.folder, 'bare')} ${line}`);
    const config = JSON.parse(await says('config view --raw -o json'));
    await writeFile(join(cluster.kubectl.folder, 'bare'), JSON.stringify({ ...config, users: [{ name: 'admin', user: {} }] }));
    assert.match((await asRobot('get pods -n shop --as jane')).stderr, /No resources found/);
    assert.match(
      (await asRobot('get pods --as bob')).stderr,
      /users "bob" is forbidden: User "robot" cannot impersonate resource "users" in API group "" at the cluster scope/,
    );
    assert.match((await asRobot('get pods --as jane --as-group dev')).stderr, /groups "dev" is forbidden: User "robot" cannot impersonate resource "groups"/);
  });

  test('tokens of ServiceAccounts: asked for, checked by the published keys, ended with what they are bound to', async () => {
    await says('create serviceaccount builder');
    const token = (await says('create token builder --duration=15m')).trim();
    const [header = '', claims = '', signature = ''] = token.split('.');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
    assert.equal(read(claims).sub, 'system:serviceaccount:default:builder');
    assert.equal(Number(read(claims).exp) - Number(read(claims).iat), 900);
    const { keys } = JSON.parse(await says('get --raw /openid/v1/jwks')) as { keys: { kid: string }[] };
    const jwk = keys.find(({ kid }) => kid === read(header).kid);
    assert.ok(jwk);
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    assert.ok(verify('sha256', Buffer.from(`${header}.${claims}`), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')));
    const config = JSON.parse(await says('config view --raw -o json'));
    const bare = join(cluster.kubectl.folder, 'account');
    await writeFile(bare, JSON.stringify({ ...config, users: [{ name: 'admin', user: { token } }] }));
    assert.match(await says(`--kubeconfig ${bare} auth whoami -o json`), /"system:serviceaccounts:default"/);
    await refuses('create token builder --duration=5m', /may not specify a duration less than 10 minutes/);
    await says('delete serviceaccount builder');
    await refuses(`--kubeconfig ${bare} auth whoami`, /Unauthorized|must be logged in/);
  });

  test('a Secret of an account is filled, and goes with the account', async () => {
    await says('create serviceaccount old');
    await apply('old', {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: { name: 'old-token', annotations: { 'kubernetes.io/service-account.name': 'old' } },
    });
    const token = await eventually('the Secret to be filled', () => says('get secret old-token -o jsonpath={.data.token}'));
    const config = JSON.parse(await says('config view --raw -o json'));
    const bare = join(cluster.kubectl.folder, 'old');
    await writeFile(bare, JSON.stringify({ ...config, users: [{ name: 'admin', user: { token: Buffer.from(token, 'base64').toString() } }] }));
    assert.match(await says(`--kubeconfig ${bare} auth whoami -o json`), /system:serviceaccount:default:old/);
    await says('delete serviceaccount old');
    await eventually('the Secret to go', async () => (await run('get secret old-token')).code !== 0);
  });
});

describe('admission', () => {
  const pod = (name: string, resources: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'bounds' },
    spec: { containers: [{ name: 'main', image: 'busybox', resources }] },
  });

  test('namespaces that every cluster has stay', async () => {
    await refuses('delete namespace kube-system', /namespaces "kube-system" is forbidden: this namespace may not be deleted/);
    await refuses('create configmap x -n nowhere', /namespaces "nowhere" not found/);
  });

  test('limits: what containers get, and what they may not', async () => {
    await says('create namespace bounds');
    await apply('limits', {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'limits', namespace: 'bounds' },
      spec: { limits: [{ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '1', memory: '1Gi' } }] },
    });
    await apply('plain', pod('plain', { limits: { memory: '64Mi' } }));
    const shown = JSON.parse(await says('get pod plain -n bounds -o json'));
    assert.deepEqual(shown.spec.containers[0].resources, { limits: { cpu: '500m', memory: '64Mi' }, requests: { cpu: '100m', memory: '64Mi' } });
    assert.equal(
      shown.metadata.annotations['kubernetes.io/limit-ranger'],
      'LimitRanger plugin set: cpu request for container main; cpu limit for container main',
    );
    const much = await apply('much', pod('much', { limits: { cpu: '2' } }));
    assert.match(much.stderr, /pods "much" is forbidden: maximum cpu usage per Container is 1, but limit is 2/);
    await says('delete limitrange limits -n bounds');
  });

  test('quotas count what stands there, and writers at the same time do not overshoot', async () => {
    await says('create quota few --hard=pods=3,configmaps=2 -n bounds');
    const outcomes = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => apply(`few-${name}`, pod(`few-${name}`))));
    assert.equal(outcomes.filter(({ code }) => code === 0).length, 2);
    assert.match(outcomes.find(({ code }) => code !== 0)?.stderr ?? '', /is forbidden: exceeded quota: few, requested: pods=1, used: pods=3, limited: pods=3/);
    await eventually('the status to say so', async () => (await says('get quota few -n bounds -o jsonpath={.status.used.pods}')) === '3');
    await says('create quota cpus --hard=requests.cpu=1 -n bounds');
    await says('delete pods --all -n bounds --force --grace-period=0');
    assert.match((await apply('silent', pod('silent'))).stderr, /failed quota: cpus: must specify requests.cpu for: main/);
    assert.equal((await apply('modest', pod('modest', { requests: { cpu: '900m' } }))).code, 0);
    assert.match(
      (await apply('more', pod('more', { requests: { cpu: '200m' } }))).stderr,
      /exceeded quota: cpus, requested: requests.cpu=200m, used: requests.cpu=900m, limited: requests.cpu=1/,
    );
  });

  test('priorities, patience, the default class of claims, the token of the account', async () => {
    assert.match(await says('get priorityclasses -o name'), /system-cluster-critical\npriorityclass.scheduling.k8s.io\/system-node-critical/);
    await says('create priorityclass high --value=1000 --global-default=true');
    await refuses('create priorityclass higher --value=2000 --global-default=true', /PriorityClass high is already marked as default/);
    await says('run plain --image=busybox');
    const { spec } = JSON.parse(await says('get pod plain -o json'));
    assert.equal(spec.priority, 1000);
    assert.deepEqual(
      spec.tolerations.map(({ tolerationSeconds }: { tolerationSeconds: number }) => tolerationSeconds),
      [300, 300],
    );
    assert.match(spec.volumes[0].name, /^kube-api-access-/);
    assert.equal(spec.containers[0].volumeMounts[0].mountPath, '/var/run/secrets/kubernetes.io/serviceaccount');
    const overrides = JSON.stringify({ spec: { automountServiceAccountToken: false, priorityClassName: 'system-node-critical' } });
    await cluster.kubectl('run', 'bare', '--image=busybox', `--overrides=${overrides}`);
    const bare = JSON.parse(await says('get pod bare -o json')).spec;
    assert.equal(bare.priority, 2_000_001_000);
    assert.equal(bare.volumes, undefined);
    const wrong = JSON.stringify({ spec: { serviceAccountName: 'nobody' } });
    assert.match(
      (await cluster.kubectl('run', 'wrong', '--image=busybox', `--overrides=${wrong}`)).stderr,
      /error looking up service account default\/nobody: serviceaccount "nobody" not found/,
    );
    const mark = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    await apply('class', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'disks', annotations: mark },
      provisioner: 'example.org/disks',
    });
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await apply('claim', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec: claim });
    assert.equal(await says('get pvc data -o jsonpath={.spec.storageClassName}'), 'disks');
  });
});
