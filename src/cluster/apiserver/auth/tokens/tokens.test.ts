import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import type { KubeObject } from '#cluster/api';
import { ask, askObject, pod, startTestServer } from '../../testkit/server.ts';
import { parseClaims } from './claims.ts';
import { encodeToken, isSignedBy, readToken, signingKey, verificationKeys } from './jwt.ts';
import { newTokenKey, type ServiceAccountOptions } from './service-account-tokens.ts';
import { parseTokenFile } from './token-file.ts';

describe('a signature', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'sec1', format: 'pem' }).toString();
  test('is that of the key that the token names, and of nothing else', () => {
    for (const [pem, algorithm] of [
      [newTokenKey(), 'ES256'],
      [p384, 'ES384'],
      [rsa, 'RS256'],
    ] as const) {
      const token = encodeToken({ sub: 'x' }, signingKey(pem, 'it'));
      const header = readToken(token)?.header ?? {};
      assert.equal(header.alg, algorithm);
      assert.ok(isSignedBy(token, header, verificationKeys(pem, 'it')));
      assert.ok(!isSignedBy(token, header, verificationKeys(newTokenKey(), 'another')));
      assert.ok(!isSignedBy(token, { ...header, alg: 'none' }, verificationKeys(pem, 'it')));
      const [head, , signature] = token.split('.');
      const forged = `${head}.${Buffer.from('{"sub":"y"}').toString('base64url')}.${signature}`;
      assert.ok(!isSignedBy(forged, header, verificationKeys(pem, 'it')));
    }
  });
  test('takes a key that can sign so', () => {
    const other = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    assert.throws(() => signingKey(other, 'my.key'), /Cannot use my\.key for service account tokens: want an RSA key, or one on the curves/);
    assert.throws(() => signingKey('text', 'my.key'), /Cannot use my\.key/);
    assert.throws(() => verificationKeys('text', 'my.pub'), /Cannot use my\.pub for service account tokens: it holds no PEM key/);
  });
  test('texts that are no tokens of accounts are told apart', () => {
    assert.equal(readToken('a.b'), undefined);
    assert.equal(readToken('a.b.c'), undefined);
    assert.equal(
      parseClaims({ iss: 'i', sub: 'system:serviceaccount:n:other', exp: 1, 'kubernetes.io': { namespace: 'n', serviceaccount: { name: 'a', uid: 'u' } } }),
      undefined,
    );
  });
});

describe('a token of a Pod', () => {
  type Review = KubeObject & {
    status: { authenticated?: boolean; error?: string; user: { username?: string; groups?: string[]; extra?: Record<string, string[]> } };
  };
  const inDefault = { namespace: 'default' };
  test('is its account’s while the Pod is there, for its audience and its time', async () => {
    let later_ms = 0;
    const { systemClock } = await import('#kit');
    await using server = await startTestServer({ clock: Object.assign(Object.create(systemClock), { now: () => systemClock.now() + later_ms }) });
    await ask(server, 'create', 'serviceaccounts', { ...inDefault, body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'seller' } } });
    const made = await askObject(server, 'create', 'pods', { ...inDefault, body: pod('web', { serviceAccountName: 'seller' }) });
    const request = (spec: object, name = 'seller') =>
      askObject<KubeObject & { status: { token: string } }>(server, 'create', 'serviceaccounts', { ...inDefault, name, subresource: 'token', body: { spec } });
    const ref = { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: made.metadata.uid };
    const { token } = (await request({ boundObjectRef: ref, audiences: ['vault'], expirationSeconds: 600 })).status;
    const review = async (audiences: readonly string[]) => {
      const answer = await server.handler.handle({
        verb: 'create',
        resource: { group: 'authentication.k8s.io', version: 'v1', resource: 'tokenreviews' },
        query: {},
        user: { name: 'admin', groups: ['system:masters'] },
        body: { spec: { token, audiences } },
      });
      // A TokenReview, as asked for.
      return (answer.kind === 'object' ? answer.object : undefined) as Review;
    };
    const { status } = await review(['vault', 'else']);
    assert.equal(status.authenticated, true);
    assert.equal(status.user.username, 'system:serviceaccount:default:seller');
    assert.deepEqual(status.user.groups, ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated']);
    assert.deepEqual(status.user.extra?.['authentication.kubernetes.io/pod-name'], ['web']);
    assert.match((await review([])).status.error ?? '', /is invalid for the target audiences/);
    later_ms = 601_000;
    assert.match((await review(['vault'])).status.error ?? '', /has expired/);
    later_ms = 0;
    await assert.rejects(
      request({ boundObjectRef: { ...ref, uid: 'other' } }),
      /the UID in the bound object reference \(other\) does not match the UID in record/,
    );
    await assert.rejects(request({ boundObjectRef: { ...ref, kind: 'ConfigMap' } }), /cannot bind token to object of type v1, Kind=ConfigMap/);
    await assert.rejects(request({ expirationSeconds: 60 }), /may not specify a duration less than 10 minutes/);
    await assert.rejects(request({}, 'nobody'), /serviceaccounts "nobody" not found/);
    await ask(server, 'delete', 'pods', { ...inDefault, name: 'web', body: { gracePeriodSeconds: 0 } });
    assert.match((await review(['vault'])).status.error ?? '', /its pod is gone/);
  });
});

test('tokens of a former key and a former issuer count while these are named', async () => {
  const [older, newer] = [newTokenKey(), newTokenKey()];
  const { openMemoryStore } = await import('#cluster/store');
  const store = await openMemoryStore();
  const review = { group: 'authentication.k8s.io', version: 'v1', resource: 'tokenreviews' };
  const user = { name: 'admin', groups: ['system:masters'] };
  const start = (serviceAccounts: ServiceAccountOptions) => startTestServer({ store, serviceAccounts });
  const first = await start({ issuers: ['https://old.example.org'], signingKey: older, verificationKeys: [] });
  await ask(first, 'create', 'serviceaccounts', { namespace: 'default', body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a' } } });
  const made = await askObject<KubeObject & { status: { token: string } }>(first, 'create', 'serviceaccounts', {
    namespace: 'default',
    name: 'a',
    subresource: 'token',
    body: { spec: { audiences: ['api'] } },
  });
  await first.stop();
  const counts = async (options: ServiceAccountOptions) => {
    const server = await start(options);
    const answer = await server.handler.handle({
      verb: 'create',
      resource: review,
      query: {},
      user,
      body: { spec: { token: made.status.token, audiences: ['api'] } },
    });
    await server.stop();
    // A TokenReview, as asked for.
    return answer.kind === 'object' && (answer.object as { status: { authenticated?: boolean } }).status.authenticated === true;
  };
  const issuers = ['https://new.example.org', 'https://old.example.org'];
  assert.equal(await counts({ issuers, signingKey: newer, verificationKeys: [older] }), true);
  assert.equal(await counts({ issuers, signingKey: newer, verificationKeys: [] }), false);
  assert.equal(await counts({ issuers: issuers.slice(0, 1), signingKey: newer, verificationKeys: [older] }), false);
  await store.close();
});

test('a token is for the audiences of the API where nobody says, and must be for one of them', async () => {
  const signingKey = newTokenKey();
  const accounts = (audiences: readonly string[]) => ({ issuers: ['https://i.example.org'], audiences, signingKey, verificationKeys: [] });
  await using server = await startTestServer({ serviceAccounts: accounts(['api', 'spare']) });
  await ask(server, 'create', 'serviceaccounts', { namespace: 'default', body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a' } } });
  const issue = async (spec: object) =>
    await askObject<KubeObject & { spec: { audiences: string[] }; status: { token: string } }>(server, 'create', 'serviceaccounts', {
      namespace: 'default',
      name: 'a',
      subresource: 'token',
      body: { spec },
    });
  const made = await issue({});
  assert.deepEqual(made.spec.audiences, ['api', 'spare']);
  const review = async (token: string) => {
    const resource = { group: 'authentication.k8s.io', version: 'v1', resource: 'tokenreviews' };
    const answer = await server.handler.handle({
      verb: 'create',
      resource,
      query: {},
      user: { name: 'x', groups: ['system:masters'] },
      body: { spec: { token } },
    });
    // A TokenReview, as asked for.
    return answer.kind === 'object' && (answer.object as { status: { authenticated?: boolean } }).status.authenticated === true;
  };
  assert.equal(await review(made.status.token), true);
  assert.equal(await review((await issue({ audiences: ['spare'] })).status.token), true);
  assert.equal(await review((await issue({ audiences: ['https://i.example.org'] })).status.token), false);
});

test('a token file has a token, a user, a uid and groups on each line', () => {
  const tokens = parseTokenFile('t1,ann,1\nt2,"bob, the builder",2,"a,b"\n\nt3,carl,,c\n', 'f.csv');
  assert.deepEqual(
    [...tokens],
    [
      ['t1', { name: 'ann', uid: '1', groups: [] }],
      ['t2', { name: 'bob, the builder', uid: '2', groups: ['a', 'b'] }],
      ['t3', { name: 'carl', groups: ['c'] }],
    ],
  );
  assert.throws(() => parseTokenFile('t1,ann,1\nt1,bob,2', 'f.csv'), /Cannot use f\.csv: line 2 holds a token that stood before/);
  assert.throws(() => parseTokenFile('only', 'f.csv'), /Cannot use f\.csv: line 1 must hold a token/);
});
