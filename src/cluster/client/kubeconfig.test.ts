import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadKubeconfig } from './kubeconfig.ts';

const config = (user: object, cluster: object = { server: 'https://127.0.0.1:6443' }) => ({
  'current-context': 'c',
  contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', namespace: 'team' } }],
  clusters: [{ name: 'k', cluster }],
  users: [{ name: 'u', user }],
});

test('the current context becomes an access', async () => {
  const data = Buffer.from('PEM').toString('base64');
  assert.deepEqual(await loadKubeconfig(config({ 'client-certificate-data': data, 'client-key-data': data, token: 't' })), {
    context: 'c',
    namespace: 'team',
    server: 'https://127.0.0.1:6443',
    cert: 'PEM',
    key: 'PEM',
    token: 't',
  });
});

for (const [what, given, words] of [
  ['no context', {}, /no current-context/],
  ['an unknown context', { ...config({}), 'current-context': 'x' }, /no "x" among its contexts/],
  ['a server without TLS', config({}, { server: 'http://x' }), /want an https address/],
  ['a plugin', config({ exec: {} }), /uses "exec", which is not supported/],
  ['a file that is not there', config({ 'client-key': '/nowhere' }), /client-key \/nowhere can't be read/],
] as const) {
  test(`a kubeconfig with ${what} is refused`, async () => {
    await assert.rejects(loadKubeconfig(given), words);
  });
}
test('a kubeconfig that is not there is named', async () => {
  await assert.rejects(loadKubeconfig('/nowhere/config'), /Cannot use the kubeconfig \/nowhere\/config: ENOENT/);
});
