import assert from 'node:assert/strict';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MAIN } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { type Namespaces, openNamespaces } from '../support/namespaces.ts';
import { output, run, type RunOptions } from '../support/run.ts';

/** Some user who is not root. */
const NOBODY = 65_534;
let folder: string;
let namespaces: Namespaces;
/** A command as that user, in a network of the test's own. */
const inside = (words: readonly string[], options: RunOptions = {}) =>
  run(namespaces.enter(['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...words]), {
    ...options,
    environment: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: join(folder, 'kubeconfig'), ...options.environment },
  });
const gantry = (...words: string[]) =>
  inside([process.execPath, '--no-warnings', MAIN, ...words, '--data-dir', join(folder, 'data'), '--run-dir', join(folder, 'run')]);
const kubectl = (line: string, input?: string) => inside(['kubectl', ...line.split(' ')], input === undefined ? {} : { input });
const says = (line: string, input?: string) => output(kubectl(line, input));
const openssl = (line: string) => output(inside(['openssl', ...line.split(' ')]));
const file = (name: string) => join(folder, name);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-plane-'));
  await chown(folder, NOBODY, NOBODY);
  namespaces = await openNamespaces();
  await mkdir(file('files'));
  await writeFile(file('files/tokens.csv'), 'secret-of-ann,ann,1001,"dev,ops"\nsecret-of-bob,bob,1002\n');
  await writeFile(
    file('files/gantry.yaml'),
    `token-auth-file: ${file('files/tokens.csv')}\nclient-ca-file: ${file('other-ca.crt')}\nservice-account-issuer: [https://tokens.example.org, https://old.example.org]\n`,
  );
  await openssl(
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=other -keyout ${file('other-ca.key')} -out ${file('other-ca.crt')}`,
  );
  await openssl(`genrsa -out ${file('tokens.key')} 2048`);
  await output(
    gantry(
      ...['up', '--detach', '--parts', 'apiserver,controllers', '--config', file('files/gantry.yaml'), '--kubeconfig', file('kubeconfig')],
      ...['--service-account-signing-key-file', file('tokens.key'), '--disable-admission-plugins', 'DefaultTolerationSeconds'],
    ),
  );
});
after(async () => {
  await gantry('down', '--purge');
  await namespaces[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A kubeconfig beside the administrator's with other credentials. */
async function as(name: string, user: object): Promise<(line: string) => ReturnType<typeof kubectl>> {
  const config = JSON.parse(await says('config view --raw -o json')) as { users: { name: string }[] };
  const users = config.users.map((one) => ({ ...one, user }));
  await writeFile(file(`files/${name}`), JSON.stringify({ ...config, users }));
  return (line) => inside(['kubectl', '--kubeconfig', file(`files/${name}`), ...line.split(' ')]);
}

test('without root, engine, node and scheduler there is a whole control plane', async () => {
  assert.deepEqual(Object.keys(JSON.parse(await output(gantry('status', '-o', 'json'))).parts), ['apiserver', 'controllers']);
  await says('create deployment web --image=busybox --replicas=2');
  await eventually('two Pods that nobody binds', async () => (await says('get pods -l app=web -o name')).split('\n').length === 3);
  assert.equal(await says('get pods -l app=web -o jsonpath={.items[0].spec.tolerations}'), '');
});

test('tokens of a file, certificates of another authority, tokens by a key of one’s own', async () => {
  const ann = await as('ann', { token: 'secret-of-ann' });
  assert.match((await ann('auth whoami -o json')).stdout, /"username": "ann",\s+"uid": "1001",\s+"groups": \[\s+"dev",\s+"ops",\s+"system:authenticated"/);
  await openssl(`req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /O=guests/CN=eve -keyout ${file('eve.key')} -out ${file('eve.csr')}`);
  await openssl(`x509 -req -in ${file('eve.csr')} -CA ${file('other-ca.crt')} -CAkey ${file('other-ca.key')} -CAcreateserial -days 1 -out ${file('eve.crt')}`);
  const eve = await as('eve', { 'client-certificate': file('eve.crt'), 'client-key': file('eve.key') });
  assert.match((await eve('auth whoami -o json')).stdout, /"username": "eve",\s+"groups": \[\s+"guests"/);
  const token = (await says('create token default')).trim();
  const [header = '', claims = ''] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  assert.equal(JSON.parse(header).alg, 'RS256');
  assert.equal(JSON.parse(claims).iss, 'https://tokens.example.org');
  assert.match((await (await as('account', { token }))('auth whoami')).stdout, /system:serviceaccount:default:default/);
});

test('a request for a certificate is approved, signed, and its owner let in', async () => {
  const request = async (name: string, subject: string, signerName: string, usages: readonly string[]) => {
    await openssl(`req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj ${subject} -keyout ${file(`${name}.key`)} -out ${file(`${name}.csr`)}`);
    const pem = await output(inside(['base64', '-w0', file(`${name}.csr`)]));
    const spec = { request: pem.trim(), signerName, usages, expirationSeconds: 3600 };
    return await kubectl('create -f -', JSON.stringify({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name }, spec }));
  };
  const client = 'kubernetes.io/kube-apiserver-client';
  assert.equal((await request('jane', '/O=dev/CN=jane', client, ['client auth'])).status, 0);
  assert.equal(await says('get csr jane -o jsonpath={.spec.username}'), 'kubernetes-admin');
  await says('create clusterrole approves --verb=get,list,update --resource=certificatesigningrequests,certificatesigningrequests/approval');
  await says('create clusterrolebinding approves --clusterrole=approves --user=bob');
  const bob = await as('bob', { token: 'secret-of-bob' });
  assert.match((await bob('certificate approve jane')).stderr, /user not permitted to approve requests with signerName "kubernetes.io\/kube-apiserver-client"/);
  await says('certificate approve jane');
  const signed = await eventually('the certificate', () => says('get csr jane -o jsonpath={.status.certificate}'));
  await writeFile(file('files/jane.crt'), Buffer.from(signed, 'base64'));
  assert.match(await openssl(`x509 -in ${file('files/jane.crt')} -noout -text`), /Key Usage|Extended Key Usage:[^\n]*\n +TLS Web Client Authentication/);
  const jane = await as('jane', { 'client-certificate': file('files/jane.crt'), 'client-key': file('jane.key') });
  assert.match((await jane('auth whoami -o json')).stdout, /"username": "jane",\s+"groups": \[\s+"dev"/);

  assert.match((await request('boss', '/O=system:masters/CN=boss', client, ['client auth'])).stderr, /signer with system:masters group is not allowed/);
  await request('wrong', '/CN=wrong', client, ['server auth']);
  await says('certificate approve wrong');
  const failure = await eventually('its refusal', () => says('get csr wrong -o jsonpath={.status.conditions[?(@.type=="Failed")].message}'));
  assert.match(failure, /usages did not match/);
  await request('denied', '/CN=denied', client, ['client auth']);
  await says('certificate deny denied');
  assert.equal(await says('get csr denied -o jsonpath={.status.conditions[0].type}'), 'Denied');
});

test('a node that joins gets its first certificate unasked, for itself alone', async () => {
  await openssl(
    `req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /O=system:nodes/CN=system:node:n9 -keyout ${file('n9.key')} -out ${file('n9.csr')}`,
  );
  const pem = (await output(inside(['base64', '-w0', file('n9.csr')]))).trim();
  const body = (name: string, signer: string, usage: string) => ({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: { request: pem, signerName: `kubernetes.io/${signer}`, usages: ['digital signature', usage] },
  });
  await says('create clusterrolebinding joins --clusterrole=system:node-bootstrapper --user=bob');
  await says('create clusterrolebinding approved --clusterrole=system:certificates.k8s.io:certificatesigningrequests:nodeclient --user=bob');
  const bob = await as('bob', { token: 'secret-of-bob' });
  const input = JSON.stringify(body('n9', 'kube-apiserver-client-kubelet', 'client auth'));
  await writeFile(file('files/n9.json'), input);
  assert.equal((await bob(`create -f ${file('files/n9.json')}`)).status, 0);
  const signed = await eventually('its certificate', () => says('get csr n9 -o jsonpath={.status.certificate}'));
  await writeFile(file('files/n9.crt'), Buffer.from(signed, 'base64'));
  const node = await as('n9', { 'client-certificate': file('files/n9.crt'), 'client-key': file('n9.key') });
  assert.match((await node('get secrets -A')).stderr, /User "system:node:n9" cannot list resource "secrets"/);
  assert.match((await node('get pods -A')).stderr, /can only list\/watch pods with spec.nodeName field selector "n9"/);
  assert.match((await node('get pods -A --field-selector=spec.nodeName=n9')).stderr, /No resources found/);
  const other = JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n8' } });
  await writeFile(file('files/n8.json'), other);
  assert.match((await node(`create -f ${file('files/n8.json')}`)).stderr, /node "n9" is not allowed to modify node "n8"/);
  // One who is no node asks for a serving certificate in vain until somebody approves it, and then lacks names.
  await says('create -f -', JSON.stringify(body('serving', 'kubelet-serving', 'server auth')));
  await says('certificate approve serving');
  const failure = await eventually('its refusal', () => says('get csr serving -o jsonpath={.status.conditions[?(@.type=="Failed")].message}'));
  assert.match(failure, /DNS or IP subjectAltName is required/);
});

test('gantry why denied tells the rule that is missing, and the one that is there', async () => {
  const denied = await gantry('why', 'denied', 'delete', 'deploy', 'web', '--as', 'carl');
  assert.equal(denied.status, 1);
  assert.match(
    denied.stdout,
    /^ok +request +carl wants to delete deployments\.apps "web" in the namespace "default"\nSTOP +rule +no role is bound to the user "carl"/,
  );
  assert.match(denied.stdout, /→ it would be allowed by: kubectl create rolebinding NAME --clusterrole=edit --user=carl --namespace=default\n$/);
  await says('create rolebinding edits --clusterrole=edit --user=carl --namespace=default');
  const allowed = await gantry('why', 'denied', 'delete', 'deploy', 'web', '--as', 'carl');
  assert.match(allowed.stdout, /ok +rule +RBAC: allowed by RoleBinding "edits\/default" of ClusterRole "edit" to User "carl"\n$/);
  assert.equal(allowed.status, 0);
  const mine = JSON.parse(await output(gantry('why', 'denied', 'get', '/metrics', '-o', 'json')));
  assert.equal(mine.facts.user, 'kubernetes-admin');
});

test('gantry why pod names each node where no scheduler runs', async () => {
  const node = (name: string, cpu: string) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: { allocatable: { cpu, memory: '1Gi', pods: '9' } },
  });
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'waiting' },
    spec: { containers: [{ name: 'main', image: 'app', resources: { requests: { cpu: '2' } } }] },
  };
  for (const object of [node('small', '1'), node('big', '4'), pod]) await says('create -f -', JSON.stringify(object));
  const { status, stdout } = await gantry('why', 'pod', 'waiting');
  assert.equal(status, 1);
  assert.match(stdout, /STOP +scheduling +no scheduler has looked at it yet\n/);
  // Nobody speaks for them, which the cluster notes after a while.
  assert.match(stdout, /nodes +big: (?:would take it|node\(s\) had untolerated taint\(s\) \(key node\.kubernetes\.io\/)/);
  assert.match(stdout, /STOP +nodes +small: Insufficient cpu \(resource cpu, requested 2, free 1, allocatable 1\)/);
  await says('delete node small big');
});

test('options that can’t be are refused by name', async () => {
  const refused = async (words: readonly string[], pattern: RegExp) => {
    const { status, stderr } = await inside([
      process.execPath,
      '--no-warnings',
      MAIN,
      'up',
      '--parts',
      'apiserver',
      '--data-dir',
      file('other'),
      '--run-dir',
      file('other-run'),
      ...words,
    ]);
    assert.notEqual(status, 0);
    assert.match(stderr, pattern);
  };
  await refused(['--authorization-mode', 'ABAC'], /Cannot take "ABAC" for --authorization-mode: it is one or several of Node, RBAC, AlwaysAllow, AlwaysDeny/);
  await refused(
    ['--disable-admission-plugins', 'Nothing'],
    /Cannot take "Nothing" for --disable-admission-plugins: it is one or several of NamespaceLifecycle, LimitRanger,/,
  );
  await refused(['--token-auth-file', file('none'), '--api', '127.0.0.1:6444'], /Cannot use the file of --token-auth-file: ENOENT/);
});
