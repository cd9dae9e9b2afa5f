import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ApiServer } from '../index.ts';

const run = promisify(execFile);
/** The document of OpenAPI 2.0 is past the megabyte that is usual. */
const OUTPUT_BYTES_MAX = 16 * 2 ** 20;

export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}
/** The real kubectl, with a kubeconfig of its own. */
export interface Kubectl extends AsyncDisposable {
  (...args: string[]): Promise<Answer>;
  /** Starts it and lets it run. */
  start(...args: string[]): ChildProcess;
  readonly folder: string;
  readonly url: string;
}

/** Certificates made for the test, the server listening on loopback, and a kubectl that speaks to it as an administrator (`more`: its environment). */
export async function connectKubectl(server: ApiServer, more: Readonly<Record<string, string>> = {}): Promise<Kubectl> {
  const folder = await mkdtemp('/tmp/gantry-apiserver-test-');
  const pem = await makeCertificates(folder);
  const { port } = await server.listen({ host: '127.0.0.1', port: 0, cert: pem.server.cert, key: pem.server.key, clientCa: pem.ca });
  const url = `https://127.0.0.1:${port}`;
  const data = (text: string) => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': data(pem.ca) } }],
    users: [{ name: 'admin', user: { 'client-certificate-data': data(pem.client.cert), 'client-key-data': data(pem.client.key) } }],
  };
  const file = join(folder, 'kubeconfig');
  await writeFile(file, JSON.stringify(config));
  const environment = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: file, ...more };
  const kubectl = async (...args: string[]): Promise<Answer> => {
    try {
      return { ...(await run('kubectl', args, { env: environment, timeout: 30_000, maxBuffer: OUTPUT_BYTES_MAX })), code: 0 };
    } catch (error) {
      // execFile rejects with an error that carries the outputs and the exit code.
      const failed = error as Error & Answer;
      return { stdout: failed.stdout, stderr: failed.stderr, code: failed.code };
    }
  };
  return Object.assign(kubectl, {
    start: (...args: string[]) => spawn('kubectl', args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] }),
    folder,
    url,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  });
}

async function makeCertificates(folder: string) {
  const make = async (name: string, ...args: string[]) => {
    await run('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
      '-keyout',
      join(folder, `${name}.key`),
      '-out',
      join(folder, `${name}.crt`),
      ...args,
    ]);
    return { cert: await readFile(join(folder, `${name}.crt`), 'utf8'), key: await readFile(join(folder, `${name}.key`), 'utf8') };
  };
  const ca = await make('ca', '-subj', '/CN=test-ca');
  const signed = ['-CA', join(folder, 'ca.crt'), '-CAkey', join(folder, 'ca.key')];
  const server = await make(
    'server',
    '-subj',
    '/CN=server',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-addext',
    'basicConstraints=critical,CA:FALSE',
    ...signed,
  );
  const client = await make('client', '-subj', '/O=system:masters/CN=admin', '-addext', 'basicConstraints=critical,CA:FALSE', ...signed);
  return { ca: ca.cert, server, client };
}
