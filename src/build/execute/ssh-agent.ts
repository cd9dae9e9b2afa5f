import { chmod, chown, open } from 'node:fs/promises';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { BuildStepError } from '../errors.ts';
import type { PlannedMount } from '../plan/graph.ts';
import type { BuildSession } from '../session.ts';
import type { StepMounts } from './step-mounts.ts';

/** Relays a socket of the step to the client's agent while `use` runs, so that mode and owner are the step's own. Errors: `BUILD_STEP_FAILED`. */
export async function withAgent<T>(session: BuildSession, mount: Extract<PlannedMount, { type: 'ssh' }>, use: (given: StepMounts) => Promise<T>): Promise<T> {
  const agent = session.request.sshAgents?.get(mount.id);
  if (agent === undefined) {
    if (mount.required) throw new BuildStepError(`no SSH key "${mount.id}" forwarded from the client; give it with gantry build --ssh ${mount.id}`);
    return await use({ mounts: [], environment: [] });
  }
  const path = await session.newFolder();
  // Through the descriptor, because the address of a socket holds only 107 bytes.
  await using folder = await open(path);
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (step) => {
    const far = createConnection({ path: agent, allowHalfOpen: true });
    for (const socket of [step, far]) sockets.add(socket.once('close', () => sockets.delete(socket)));
    // An agent that is gone shows in the step as a closed connection.
    pipeline(step, far, step, () => [step, far].forEach((socket) => socket.destroy()));
  });
  server.listen(`/proc/self/fd/${folder.fd}/agent`);
  await once(server, 'listening');
  try {
    const source = join(path, 'agent');
    await chmod(source, mount.mode);
    await chown(source, mount.uid, mount.gid);
    const environment = mount.isNamed ? [`SSH_AUTH_SOCK=${mount.target}`] : [];
    return await use({ mounts: [{ type: 'bind', source, target: mount.target, readOnly: true }], environment });
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}
