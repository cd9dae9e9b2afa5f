import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { StatusError } from '#cluster/api';
import { askObject, startTestServer } from '../testkit/server.ts';

const containers = [{ name: 'a', image: 'i' }];
const SPEC = { replicas: 2, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers } } };

/** Outcomes and words of a kube-apiserver 1.36. */
describe('server-side apply', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server[Symbol.asyncDispose]());
  const apply = (resource: string, name: string, manager: string, body: object, more: { subresource?: string; force?: true } = {}) => {
    const { subresource, force } = more;
    const query = { fieldManager: manager, ...(force && { force: 'true' }) };
    const contentType = 'application/apply-patch+yaml';
    return askObject(server, 'patch', resource, { namespace: 'default', name, body, query, contentType, ...(subresource && { subresource }) });
  };
  const configMap = (more: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, ...more });

  test('says what it is, and nothing of managers', async () => {
    const rows: readonly (readonly [body: object, status: number, words: string])[] = [
      [{ kind: 'ConfigMap' }, 400, 'invalid object type: /, Kind=ConfigMap'],
      [configMap({ apiVersion: 'v2' }), 400, 'invalid object type: /v2, Kind=ConfigMap'],
      [configMap({ metadata: { name: 'c', managedFields: [] } }), 400, 'metadata.managedFields must be nil'],
      [configMap({ metadata: { name: 'c', namespace: 'q' } }), 400, 'the namespace of the provided object does not match the namespace sent on the request'],
      [configMap({ metadata: { name: 'c', uid: 'x' } }), 422, 'ConfigMap "c" is invalid: metadata.uid: Invalid value: "x": field is immutable'],
      [configMap({ foo: 1 }), 500, 'failed to create typed patch object (/c; /v1, Kind=ConfigMap): .foo: field not declared in schema'],
    ];
    for (const [body, status, words] of rows) {
      const outcome = await apply('configmaps', 'c', 'm', body).catch((error: unknown) => error);
      assert.ok(outcome instanceof StatusError, JSON.stringify(body));
      assert.deepEqual([outcome.status, outcome.message], [status, words]);
    }
  });
  test('what is said to be empty is whose who says it, and is kept by no object', async () => {
    const made = await apply('configmaps', 'e', 'm', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'e', labels: {} }, data: { a: '1' } });
    assert.equal(made.metadata.labels, undefined);
    const [entry] = made.metadata.managedFields as { fieldsV1: object }[];
    assert.deepEqual(entry?.fieldsV1, { 'f:data': { 'f:a': {} }, 'f:metadata': { 'f:labels': {} } });
  });
  test('the labels of a Deployment are no part of its status, and what is said with a status is no new generation', async () => {
    const metadata = { name: 's', labels: { a: 'b' }, annotations: { c: 'd' } };
    await apply('deployments', 's', 'maker', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 's' }, spec: SPEC });
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, status: { replicas: 1 } };
    const made = await apply('deployments', 's', 'm', body, { subresource: 'status' });
    const entries = made.metadata.managedFields as { manager: string; fieldsV1: object }[];
    assert.deepEqual(entries.find(({ manager }) => manager === 'm')?.fieldsV1, {
      'f:metadata': { 'f:annotations': { 'f:c': {} } },
      'f:status': { 'f:replicas': {} },
    });
    assert.deepEqual([made.metadata.labels, made.metadata.generation], [undefined, 1]);
  });
  test('replicas are applied through the scale, and are its manager’s', async () => {
    const deployment = (spec: object) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec });
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd' }, spec: { replicas: 5 } };
    await apply('deployments', 'd', 'one', deployment(SPEC));
    await assert.rejects(
      apply('deployments', 'd', 'two', scale, { subresource: 'scale' }),
      /Apply failed with 1 conflict: conflict with "one": \.spec\.replicas/,
    );
    await assert.rejects(
      apply('deployments', 'd', 'two', { ...scale, kind: 'Foo' }, { subresource: 'scale' }),
      /invalid object type: autoscaling\/v1, Kind=Foo/,
    );
    const scaled = await apply('deployments', 'd', 'two', scale, { subresource: 'scale', force: true });
    assert.deepEqual([scaled.kind, (scaled as { spec?: object }).spec], ['Scale', { replicas: 5 }]);
    await assert.rejects(
      apply('deployments', 'd', 'one', deployment({ ...SPEC, replicas: 1 })),
      /conflict with "two" with subresource "scale": \.spec\.replicas/,
    );
  });
});
