import { badRequest } from './errors.ts';
import type { Call } from './http.ts';
import { defined, Fields } from './json.ts';
import type { Rooms } from './options.ts';
import { credentials } from './progress.ts';

/** `POST /auth`: the registry itself is asked whether it takes the credentials; nothing is kept. */
export async function checkAuth(call: Call, rooms: Rooms): Promise<void> {
  const body = await call.body();
  const registry = registryOf(new Fields(body).text('serveraddress'));
  await rooms.images.login(registry, defined({ auth: credentials(body), signal: call.signal }));
  call.json(200, { Status: 'Login Succeeded', IdentityToken: '' });
}

/** The host of an address as clients write it: without a scheme and a path, and Docker's own by its short name. */
function registryOf(address = 'docker.io'): string {
  const host = address.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
  if (!/^(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d+)?$/.test(host))
    throw badRequest(`invalid serveraddress ${JSON.stringify(address)}: a right one looks like registry.example:5000`);
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}
