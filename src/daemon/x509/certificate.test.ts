import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { type KeyPair, makeAuthorityPair, makeLeafPair, USAGE } from './certificate.ts';

const from = new Date('2026-01-02T03:04:05Z');
const until = new Date('2058-06-07T08:09:10Z');
const common = { serial: Buffer.from('01ab', 'hex'), from, until } as const;
const authorityOf = () => makeAuthorityPair({ ...common, subject: [['CN', 'gantry']] });
const serverOf = (authority: KeyPair, names: readonly string[]) =>
  makeLeafPair({ ...common, authority, subject: [['CN', 'server']], names, usage: USAGE.serverAuth });

async function folderOf(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-x509-'));
  context.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('an authority signs itself and says what it is for', async () => {
  const { certificate, key } = await authorityOf();
  const parsed = new X509Certificate(certificate);
  assert.equal(parsed.subject, 'CN=gantry');
  assert.equal(parsed.issuer, 'CN=gantry');
  assert.equal(parsed.ca, true);
  assert.equal(parsed.serialNumber, '01AB');
  assert.ok(parsed.verify(parsed.publicKey));
  assert.ok(parsed.checkPrivateKey(createPrivateKey(key)));
  assert.deepEqual([parsed.validFromDate, parsed.validToDate], [from, until]);
});

test('a leaf stands for its names and addresses and no others', async () => {
  const authority = await authorityOf();
  const names = ['localhost', 'kubernetes.default.svc', '127.0.0.1', '10.43.0.1', '::1', 'fd00:1::2:0:3', '::ffff:192.0.2.1'];
  const { certificate } = await serverOf(authority, names);
  const parsed = new X509Certificate(certificate);
  for (const name of names) assert.ok(name.includes(':') || /^[\d.]+$/.test(name) ? parsed.checkIP(name) : parsed.checkHost(name), name);
  assert.equal(parsed.checkHost('example.org'), undefined);
  assert.equal(parsed.checkIP('127.0.0.2'), undefined);
  assert.equal(parsed.ca, false);
  assert.deepEqual(parsed.keyUsage, [USAGE.serverAuth]);
  const issuer = new X509Certificate(authority.certificate);
  assert.ok(parsed.verify(issuer.publicKey));
  assert.ok(parsed.checkIssued(issuer));
  assert.ok(!parsed.verify(new X509Certificate((await authorityOf()).certificate).publicKey));
});

test('both ends of a connection take each other for who they are', async () => {
  const authority = await authorityOf();
  const server = await serverOf(authority, ['localhost']);
  const subject = [
    ['O', 'system:masters'],
    ['CN', 'kubernetes-admin'],
  ] as const;
  const client = await makeLeafPair({ ...common, authority, subject, names: [], usage: USAGE.clientAuth });
  const trust = { ca: authority.certificate };
  const listener = createServer({ ...trust, cert: server.certificate, key: server.key, requestCert: true, rejectUnauthorized: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const accepted = once(listener, 'secureConnection');
  // It listens on a port.
  const { port } = listener.address() as AddressInfo;
  const socket = connect({ ...trust, cert: client.certificate, key: client.key, host: '127.0.0.1', servername: 'localhost', port });
  await once(socket, 'secureConnect');
  assert.ok(socket.authorized);
  const [peer] = (await accepted) as [TLSSocket];
  assert.deepEqual({ ...peer.getPeerCertificate().subject }, { O: 'system:masters', CN: 'kubernetes-admin' });
  socket.destroy();
  peer.destroy();
  listener.close();
});

test('openssl takes the chain, and a leaf under an authority that openssl made', async (context) => {
  const folder = await folderOf(context);
  const file = (name: string) => join(folder, name);
  const verified = async (authority: KeyPair): Promise<string> => {
    const leaf = await serverOf(authority, ['localhost']);
    await writeFile(file('ca.pem'), authority.certificate);
    await writeFile(file('leaf.pem'), leaf.certificate);
    const check = ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'localhost', '-CAfile', file('ca.pem'), file('leaf.pem')];
    return execFileSync('openssl', check, { encoding: 'utf8' });
  };
  assert.match(await verified(await authorityOf()), /: OK/);
  const made = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '30',
    '-subj',
    '/O=Other/CN=authority',
    '-addext',
    'keyUsage=critical,keyCertSign',
  ];
  execFileSync('openssl', [...made, '-keyout', file('ca.key'), '-out', file('made.pem')], { stdio: 'ignore' });
  const other = { certificate: await readFile(file('made.pem'), 'utf8'), key: await readFile(file('ca.key'), 'utf8') };
  assert.match(await verified(other), /: OK/);
});
