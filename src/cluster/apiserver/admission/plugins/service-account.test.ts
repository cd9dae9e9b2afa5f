import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject, V1Pod } from '#cluster/api';
import { ask, askObject, pod, startTestServer } from '../../testkit/server.ts';

const inDefault = { namespace: 'default' };
type Server = Awaited<ReturnType<typeof startTestServer>>;
const start = () => startTestServer({ admission: {} });
const account = (server: Server, name: string, more: object = {}, annotations: Record<string, string> = {}) =>
  ask(server, 'create', 'serviceaccounts', { ...inDefault, body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, annotations }, ...more } });
const create = (server: Server, name: string, spec: object = {}) =>
  askObject<KubeObject & V1Pod>(server, 'create', 'pods', { ...inDefault, body: pod(name, spec) });
const volumes = ({ spec }: V1Pod) => (spec?.volumes ?? []).map(({ name }) => name.replace(/-\w{5}$/, ''));

describe('the account of a new Pod', () => {
  test('must be there; that of the name default is waited for', async () => {
    await using server = await start();
    await assert.rejects(
      create(server, 'a', { serviceAccountName: 'seller' }),
      /error looking up service account default\/seller: serviceaccount "seller" not found/,
    );
    const nameless = { ...pod('', { serviceAccountName: 'seller' }), metadata: { generateName: 'x-' } };
    await assert.rejects(ask(server, 'create', 'pods', { ...inDefault, body: nameless }), {
      message: /^pods "x-" is forbidden: error looking up service account/,
    });
    const waiting = create(server, 'a');
    await account(server, 'default');
    assert.equal((await waiting).spec?.serviceAccountName, 'default');
  });

  test('gives its token, unless the Pod or it says no; a mount of one’s own stays', async () => {
    await using server = await start();
    await account(server, 'default');
    await account(server, 'silent', { automountServiceAccountToken: false, imagePullSecrets: [{ name: 'pull' }] });
    assert.deepEqual(volumes(await create(server, 'a')), ['kube-api-access']);
    assert.deepEqual(volumes(await create(server, 'b', { automountServiceAccountToken: false })), []);
    const silent = await create(server, 'c', { serviceAccountName: 'silent' });
    assert.deepEqual([volumes(silent), silent.spec?.imagePullSecrets], [[], [{ name: 'pull' }]]);
    assert.deepEqual(volumes(await create(server, 'd', { serviceAccountName: 'silent', automountServiceAccountToken: true })), ['kube-api-access']);
    const own = { name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
    const containers = [{ name: 'main', image: 'x', volumeMounts: [own] }];
    assert.deepEqual(volumes(await create(server, 'e', { containers, volumes: [{ name: 'own', emptyDir: {} }] })), ['own']);
  });

  test('may allow only its own Secrets', async () => {
    await using server = await start();
    await account(server, 'default', { secrets: [{ name: 'mine' }] }, { 'kubernetes.io/enforce-mountable-secrets': 'true' });
    const volume = (secretName: string) => ({ volumes: [{ name: 's', secret: { secretName } }] });
    await create(server, 'a', volume('mine'));
    await assert.rejects(
      create(server, 'b', volume('other')),
      /volume with secret.secretName="other" is not allowed because service account default does not reference that secret/,
    );
    const env = [{ name: 'K', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }];
    await assert.rejects(
      create(server, 'c', { containers: [{ name: 'main', image: 'x', env }] }),
      /container main with envVar K referencing secret.secretName="other"/,
    );
    await assert.rejects(create(server, 'd', { imagePullSecrets: [{ name: 'pull' }] }), /imagePullSecrets\[0\].name="pull" is not allowed/);
  });
});
