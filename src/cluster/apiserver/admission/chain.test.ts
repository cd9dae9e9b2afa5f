import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findServed } from '../kinds.ts';
import { AdmissionChain } from './chain.ts';
import { PLUGIN_NAMES } from './plugins.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from './types.ts';

const served = findServed({ group: '', version: 'v1', resource: 'pods' });
assert.ok(served);
const request: AdmissionRequest = {
  operation: 'CREATE',
  served,
  subresource: undefined,
  namespace: 'default',
  name: 'p',
  object: { apiVersion: 'v1', kind: 'Pod', metadata: {} },
  old: undefined,
  user: { name: 'u', groups: [] },
  dryRun: false,
};
// The plugins of these tests look at nothing.
const context = {} as AdmissionContext;

test('all complete before any judges, in their order; those that call out are waited for', async () => {
  const said: string[] = [];
  const plugin = (name: string, more: Partial<AdmissionPlugin> = {}): AdmissionPlugin => ({
    name,
    handles: () => true,
    async mutate() {
      await new Promise((resolve) => setImmediate(resolve));
      said.push(`${name} completes`);
    },
    validate: () => void said.push(`${name} judges`),
    ...more,
  });
  const chain = new AdmissionChain({ disable: ['off'] }, [
    plugin('a'),
    plugin('off'),
    plugin('b', { handles: ({ operation }) => operation === 'CREATE' }),
    plugin('c', { handles: () => false }),
  ]);
  await chain.mutate(context, request);
  await chain.validate(context, request);
  assert.deepEqual(said, ['a completes', 'b completes', 'a judges', 'b judges']);
  await assert.rejects(new AdmissionChain({}, [plugin('no', { mutate: () => Promise.reject(new Error('refused')) })]).mutate(context, request), /refused/);
});

test('writes of one key wait for one another, others do not', async () => {
  const chain = new AdmissionChain({}, [{ name: 'held', handles: () => true, holds: (_context, { namespace }) => namespace }]);
  const said: string[] = [];
  const gate = Promise.withResolvers<void>();
  const write = (name: string, namespace: string, waits = false) =>
    chain.hold(context, { ...request, namespace }, async () => {
      said.push(`${name} begins`);
      if (waits) await gate.promise;
      said.push(`${name} ends`);
    });
  const all = [write('first', 'x', true), write('second', 'x'), write('other', 'y')];
  await all[2];
  assert.deepEqual(said, ['first begins', 'other begins', 'other ends']);
  gate.resolve();
  await Promise.all(all);
  assert.deepEqual(said.slice(3), ['first ends', 'second begins', 'second ends']);
});

test('the plugins stand in Kubernetes’ order', () => {
  const order =
    'NamespaceLifecycle LimitRanger ServiceAccount NodeRestriction Priority DefaultTolerationSeconds DefaultStorageClass PersistentVolumeClaimResize RuntimeClass';
  assert.deepEqual(PLUGIN_NAMES, [...order.split(' '), 'CertificateApproval', 'CertificateSigning', 'CertificateSubjectRestriction', 'ResourceQuota']);
});
