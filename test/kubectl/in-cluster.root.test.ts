import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

/** A Pod that has the machine's own kubectl in it, and nothing that tells it of a cluster. */
const podWithKubectl = (kubectl: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'inside' },
  spec: {
    containers: [
      {
        name: 'main',
        image: 'busybox',
        imagePullPolicy: 'IfNotPresent',
        command: ['sleep', '3600'],
        volumeMounts: [
          { name: 'kubectl', mountPath: '/kubectl' },
          { name: 'short', mountPath: '/short' },
        ],
      },
    ],
    volumes: [
      { name: 'kubectl', hostPath: { path: kubectl, type: 'File' } },
      { name: 'short', projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } }] } },
    ],
    terminationGracePeriodSeconds: 0,
    ...more,
  },
});

test('a program in a Pod speaks to the API through the Service kubernetes, with its own token and authority', async () => {
  await using cluster = await startTestCluster();
  const { kubectl, apply } = cluster;
  const path = (await cluster.shell('command -v kubectl')).trim();
  await apply(podWithKubectl((await cluster.shell(`readlink -f ${path}`)).trim()));
  await kubectl('wait --for=condition=Ready pod/inside --timeout=20s');
  const inside = (words: readonly string[]) => cluster.try(['exec', 'inside', '--', ...words]);

  const refused = await inside(['/kubectl', 'get', 'pods', '-o', 'name']);
  assert.match(
    refused.stderr,
    /pods is forbidden: User "system:serviceaccount:default:default" cannot list resource "pods" in API group "" in the namespace "default"/,
  );

  await kubectl('create rolebinding looks --clusterrole=view --serviceaccount=default:default');
  assert.equal((await inside(['/kubectl', 'get', 'pods', '-o', 'name'])).stdout, 'pod/inside\n');
  assert.match((await inside(['/kubectl', 'auth', 'whoami', '-o', 'json'])).stdout, /"authentication.kubernetes.io\/pod-name": \[\s+"inside"/);
  assert.match((await inside(['/kubectl', 'delete', 'pod', 'inside'])).stderr, /cannot delete resource "pods"/);
  assert.equal((await inside(['cat', '/var/run/secrets/kubernetes.io/serviceaccount/namespace'])).stdout, 'default');

  // The key of the tokens outlives the daemon, and so does what was granted.
  await cluster.daemon.crash();
  await cluster.daemon.restart();
  const answered = () => inside(['/kubectl', 'get', 'pods', '-o', 'name']);
  await eventually('the same token to count after a crash', async () => (await answered()).stdout === 'pod/inside\n');

  // A token for somebody else is no key to this API, and ends with its Pod.
  const token = (await inside(['cat', '/short/token'])).stdout;
  const review = async (audiences: readonly string[], of = token) => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: of, audiences } };
    // What kubectl prints is the answered review.
    return JSON.parse(await kubectl('create --validate=false -o json -f -', JSON.stringify(body))) as { status: { authenticated?: boolean; error?: string } };
  };
  assert.equal((await review(['vault'])).status.authenticated, true);
  assert.match((await review([])).status.error ?? '', /invalid for the target audiences/);
  assert.match(await kubectl('get --raw /.well-known/openid-configuration'), /"jwks_uri":"https:\/\/kubernetes.default.svc.cluster.local\/openid\/v1\/jwks"/);
  await kubectl('delete pod inside --wait');
  await eventually('the token ends with its Pod', async () => /its pod is gone/.test((await review(['vault'])).status.error ?? ''));
});
