import type { ApiServer } from '#cluster/apiserver';
import { systemClock, systemRandom } from '#kit';

const HOST = '127.0.0.1';

/** Serves the API on a free port of loopback, with an authority of its own; answers a kubeconfig for whoever has the token. */
export async function serveApi(server: ApiServer, token: string): Promise<string> {
  const { makeAuthority, makeLeaf } = await import('#daemon');
  // Whoever connects looks at certificates by the machine's own time.
  const given = { clock: systemClock, random: systemRandom };
  const authority = await makeAuthority(given);
  const { certificate: cert, key } = await makeLeaf({
    ...given,
    authority,
    subject: 'CN=kube-apiserver',
    names: [HOST, 'localhost', 'kubernetes.default.svc'],
    usage: 'server',
  });
  const { port } = await server.listen({ host: HOST, port: 0, cert, key, clientCa: authority.certificate });
  const name = 'gantry-testing';
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster: { server: `https://${HOST}:${port}`, 'certificate-authority-data': Buffer.from(authority.certificate).toString('base64') } }],
      users: [{ name, user: { token } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    },
    undefined,
    2,
  )}\n`;
}
