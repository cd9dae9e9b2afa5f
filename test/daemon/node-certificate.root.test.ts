import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { MAIN, startTestDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { output } from '../support/run.ts';

// One daemon has the control plane; another joins it with a certificate of its node, and nothing more.
const plane = await startTestDaemon(['--parts', 'registry,apiserver,controllers,scheduler']);
const place = join(plane.folder, 'node');
const directories = ['--data-dir', join(place, 'data'), '--run-dir', join(place, 'run')];
const gantry = (...words: string[]) => plane.inside([process.execPath, '--no-warnings', MAIN, ...words, ...directories]);
after(async () => {
  await output(gantry('down', '--purge'));
  await plane[Symbol.asyncDispose]();
});
const kubectl = (line: string, input?: string) => output(plane.kubectl(line.split(' '), input === undefined ? {} : { input }));
const file = (name: string) => join(plane.folder, name);
const node = hostname().toLowerCase();

/** A kubeconfig whose user is the node, by a certificate that the cluster signed. */
async function joinCluster(): Promise<string> {
  const subject = `/O=system:nodes/CN=system:node:${node}`;
  await output(
    plane.inside([
      'sh',
      '-c',
      `openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj ${subject} -keyout ${file('node.key')} -out ${file('node.csr')}`,
    ]),
  );
  const request = (await readFile(file('node.csr'))).toString('base64');
  const spec = { request, signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['digital signature', 'client auth'] };
  await kubectl('create -f -', JSON.stringify({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: 'node' }, spec }));
  const certificate = await eventually('the certificate', () => kubectl('get csr node -o jsonpath={.status.certificate}'));
  const config = JSON.parse(await kubectl('config view --raw -o json')) as { users: { name: string }[] };
  const user = { 'client-certificate-data': certificate, 'client-key': file('node.key') };
  await writeFile(file('node.kubeconfig'), JSON.stringify({ ...config, users: config.users.map((one) => ({ ...one, user })) }));
  return file('node.kubeconfig');
}

test('a node that has only its own certificate runs Pods with tokens, Secrets, Services and names', async () => {
  await output(gantry('up', '--detach', '--parts', 'engine,network,node', '--server', 'https://127.0.0.1:6443', '--client-kubeconfig', await joinCluster()));
  await output(plane.docker(['import', '-', 'busybox'], { input: busyboxTar(), environment: { DOCKER_HOST: `unix://${join(place, 'run', 'docker.sock')}` } }));
  await kubectl('create secret generic mine --from-literal=colour=blue');
  await kubectl('create secret generic other --from-literal=colour=red');
  const spec = {
    containers: [
      {
        name: 'main',
        image: 'busybox',
        imagePullPolicy: 'IfNotPresent',
        command: ['httpd', '-f', '-p', '80', '-h', '/var/run/secrets/kubernetes.io/serviceaccount'],
        env: [{ name: 'COLOUR', valueFrom: { secretKeyRef: { name: 'mine', key: 'colour' } } }],
        readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 },
      },
    ],
  };
  await kubectl('apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', labels: { app: 'web' } }, spec }));
  await kubectl('expose pod web --port=80');
  await kubectl('wait --for=condition=Ready pod/web --timeout=20s');
  const address = await kubectl('get service web -o jsonpath={.spec.clusterIP}');
  const token = (await output(plane.inside(['curl', '-sS', `http://${address}/token`]))).trim();
  const whoami = await output(plane.inside(['kubectl', '--kubeconfig', await tokenConfig(token), 'auth', 'whoami', '-o', 'json']));
  assert.match(whoami, /"authentication.kubernetes.io\/pod-name": \[\s+"web"/);
  assert.match(whoami, new RegExp(`"authentication.kubernetes.io/node-name": \\[\\s+"${node}"`));

  const asNode = (line: string) => plane.inside(['kubectl', '--kubeconfig', file('node.kubeconfig'), ...line.split(' ')]);
  assert.match((await asNode('get secret mine -o name')).stdout, /secret\/mine/);
  assert.match((await asNode('get secret other')).stderr, /no relationship found between node/);
  assert.match((await asNode('create service clusterip evil --tcp=80 -n kube-system')).stderr, /can only create the service kube-system\/kube-dns/);
  assert.match(
    (await asNode(`label node ${node} node-restriction.kubernetes.io/trusted=yes`)).stderr,
    /is not allowed to modify labels: node-restriction.kubernetes.io\/trusted/,
  );
  await kubectl('delete pod web --now --timeout=20s');
  assert.match((await asNode('get secret mine')).stderr, /no relationship found between node/);
});

async function tokenConfig(token: string): Promise<string> {
  const config = JSON.parse(await kubectl('config view --raw -o json')) as { users: { name: string }[] };
  await writeFile(file('token.kubeconfig'), JSON.stringify({ ...config, users: config.users.map((one) => ({ ...one, user: { token } })) }));
  return file('token.kubeconfig');
}
