import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveAccess } from './access.ts';

const resolve = (options: Parameters<typeof resolveAccess>[0]) => resolveAccess(options, ['RBAC', 'AlwaysAllow'], ['Priority']);

test('options about access are read as kube-apiserver reads them', () => {
  assert.deepEqual(resolve({}), { disabledPlugins: [], issuers: [], audiences: [], keyFiles: [] });
  assert.partialDeepStrictEqual(resolve({ 'api-audiences': 'api, https://b.example.org', 'service-account-issuer': 'https://i.example.org' }), {
    audiences: ['api', 'https://b.example.org'],
    issuers: ['https://i.example.org'],
  });
  assert.throws(
    () => resolve({ 'authorization-mode': 'Webhook' }),
    /Cannot take "Webhook" for --authorization-mode: it is one or several of RBAC, AlwaysAllow/,
  );
  assert.throws(() => resolve({ 'service-account-issuer': 'http://' }), /Cannot take "http:\/\/" for --service-account-issuer/);
});
