import { createServer, type Server } from 'node:net';

/** Where the demo's daemon and container are reached. */
export interface Ports {
  readonly registry: number;
  readonly api: number;
  /** 8080 as in the walk-through, or another where it is taken. */
  readonly published: number;
}

/** Ports that nobody listens on at this moment: the usual ones where they are free. */
export async function freePorts(): Promise<Ports> {
  return { registry: await freePort(5000), api: await freePort(6443), published: await freePort(8080) };
}

async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  if (!(await listens(server, wanted))) await listens(server, 0);
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port was found on this machine');
  return address.port;
}

function listens(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const refused = () => resolve(false);
    server.once('error', refused);
    server.listen(port, '0.0.0.0', () => {
      server.off('error', refused);
      resolve(true);
    });
  });
}
