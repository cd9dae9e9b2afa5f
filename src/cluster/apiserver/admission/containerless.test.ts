import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '#cluster/api';
import { ask, startTestServer } from '../testkit/server.ts';

test('a Pod without containers is refused by the rules, whatever admission does before', async () => {
  await using server = await startTestServer({ admission: {} });
  await ask(server, 'create', 'serviceaccounts', { namespace: 'default', body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } } });
  const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'empty' }, spec: {} };
  await assert.rejects(ask(server, 'create', 'pods', { namespace: 'default', body }), (error) => {
    assert.ok(error instanceof StatusError, String(error));
    assert.match(error.message, /spec\.containers: Required value/);
    return error.body.code === 422;
  });
});
