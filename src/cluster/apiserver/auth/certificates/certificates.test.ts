import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { before, describe, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import type { UserInfo, V1CertificateSigningRequest, Verb } from '#cluster/api';
import { startTestServer } from '../../testkit/server.ts';

type Server = Awaited<ReturnType<typeof startTestServer>>;
const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters'], uid: '1', extra: { 'example.org/team': ['blue'] } };
const SIGNER = 'example.org/tests';
let pem: string;
let certificate: string;

before(async () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=jane,O=system:masters', keys, signingAlgorithm: algorithm });
  pem = Buffer.from(request.toString('pem')).toString('base64');
  const signed = await x509.X509CertificateGenerator.createSelfSigned({ name: 'CN=jane', keys, signingAlgorithm: algorithm });
  certificate = Buffer.from(signed.toString('pem')).toString('base64');
});

async function call(server: Server, verb: Verb, more: { name?: string; subresource?: string; body?: object; user?: UserInfo; contentType?: string }) {
  const resource = { group: 'certificates.k8s.io', version: 'v1', resource: 'certificatesigningrequests' };
  const answer = await server.handler.handle({ verb, resource, query: {}, user: ADMIN, ...more });
  // A CertificateSigningRequest, as the path says.
  return (answer.kind === 'object' ? answer.object : undefined) as V1CertificateSigningRequest;
}
const make = (server: Server, name: string, spec: object = {}) =>
  call(server, 'create', {
    body: { metadata: { name }, spec: { request: pem, signerName: SIGNER, usages: ['client auth'], username: 'somebody else', ...spec } },
  });
const merge = (server: Server, subresource: string, body: object, user = ADMIN) =>
  call(server, 'patch', { name: 'r', subresource, body, user, contentType: 'application/merge-patch+json' });

describe('a request for a certificate', () => {
  test('says who asks, whatever it said itself, and is one', async () => {
    await using server = await startTestServer();
    const { spec, status } = await make(server, 'r');
    assert.deepEqual([spec.username, spec.uid, spec.groups, spec.extra, status], ['admin', '1', ['system:masters'], { 'example.org/team': ['blue'] }, {}]);
    await assert.rejects(make(server, 'x', { usages: [] }), /spec.usages: Required value/);
    await assert.rejects(make(server, 'x', { signerName: 'plain' }), /must be a fully qualified domain and path of the form 'example.com\/signer-name'/);
    await assert.rejects(make(server, 'x', { expirationSeconds: 60 }), /may not specify a duration less than 600 seconds/);
    const client = 'kubernetes.io/kube-apiserver-client';
    await assert.rejects(
      make(server, 'x', { signerName: client }),
      /use of kubernetes.io\/kube-apiserver-client signer with system:masters group is not allowed/,
    );
    await assert.rejects(
      make(server, 'x', { signerName: client, request: Buffer.from('text').toString('base64') }),
      /PEM block type must be CERTIFICATE REQUEST/,
    );
    const body = { spec: { usages: ['server auth'] } };
    const kept = await call(server, 'patch', { name: 'r', body, contentType: 'application/merge-patch+json' });
    assert.deepEqual(kept.spec, spec);
  });

  test('is approved by one subresource and answered by another, each of which changes nothing else', async () => {
    await using server = await startTestServer();
    await make(server, 'r');
    const condition = (type: string) => ({ type, status: 'True', reason: 'Tested', message: 'it was' });
    const approved = await merge(server, 'approval', {
      metadata: { annotations: { seen: 'yes' } },
      status: { conditions: [condition('Approved')], certificate: pem },
    });
    const [stamped] = approved.status?.conditions ?? [];
    const { lastUpdateTime = '', lastTransitionTime = '', ...said } = stamped ?? {};
    assert.deepEqual([approved.metadata.annotations, said, Object.keys(approved.status ?? {})], [{ seen: 'yes' }, condition('Approved'), ['conditions']]);
    for (const time of [lastUpdateTime, lastTransitionTime]) assert.match(time, /^20\d\d-/);
    await assert.rejects(merge(server, 'approval', { status: { conditions: [condition('Approved'), condition('Denied')] } }), /mutually exclusive/);
    await assert.rejects(merge(server, 'approval', { status: { conditions: [] } }), /updates may not remove a condition of type "Approved"/);
    await assert.rejects(merge(server, 'status', { status: { conditions: [] } }), /updates may not remove a condition of type "Approved"/);
    const answered = await merge(server, 'status', { status: { certificate } });
    assert.equal(answered.status?.certificate, certificate);
    await assert.rejects(merge(server, 'status', { status: { certificate: pem } }), /updates may not modify existing certificate content/);
    assert.equal(answered.status?.conditions?.length, 1);
  });

  test('takes the verbs approve and sign on its signer, by name or by domain', async () => {
    await using server = await startTestServer();
    await make(server, 'r');
    const rbac = (resource: string, body: object) =>
      server.handler.handle({ verb: 'create', resource: { group: 'rbac.authorization.k8s.io', version: 'v1', resource }, query: {}, user: ADMIN, body });
    const csr = { apiGroups: ['certificates.k8s.io'] };
    const resources = ['certificatesigningrequests/approval', 'certificatesigningrequests/status'];
    await rbac('clusterroles', { metadata: { name: 'writes' }, rules: [{ ...csr, resources, verbs: ['patch'] }] });
    await rbac('clusterroles', {
      metadata: { name: 'approves' },
      rules: [{ ...csr, resources: ['signers'], resourceNames: ['example.org/*'], verbs: ['approve'] }],
    });
    const bind = (role: string, name: string) =>
      rbac('clusterrolebindings', { metadata: { name: `${name}-${role}` }, roleRef: { kind: 'ClusterRole', name: role }, subjects: [{ kind: 'User', name }] });
    await Promise.all([bind('writes', 'ann'), bind('writes', 'bob'), bind('approves', 'ann')]);
    const as = (name: string): UserInfo => ({ name, groups: [] });
    const approval = { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'R' }] } };
    await assert.rejects(merge(server, 'approval', approval, as('bob')), /user not permitted to approve requests with signerName "example.org\/tests"/);
    await merge(server, 'approval', approval, as('ann'));
    await assert.rejects(merge(server, 'status', { status: { certificate } }, as('ann')), /user not permitted to sign requests with signerName/);
  });
});
