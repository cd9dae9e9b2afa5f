import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say, type Terminal } from '../terminal.ts';
import { type DockerClient, DockerError } from './client.ts';
import { connectDocker, DOCKER_OPTIONS } from './connect.ts';
import { type Bindings, type PortState, withoutPorts, withPorts } from './port-edit.ts';
import { publishedPorts } from './ports.ts';

/** What is read of `GET /containers/{id}/json`. */
interface Inspected {
  readonly Id: string;
  readonly HostConfig: { readonly PortBindings: Bindings | null };
  readonly NetworkSettings: { readonly Ports: Bindings | null };
}

/** In the words of the daemon that refuses an edit which would undo another one. */
const CHANGED = 'changed them meanwhile';

const EDITS = { add: withPorts, rm: withoutPorts } as const;

/** Lists, adds and removes published ports. */
export async function containerPort(commandArguments: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions({ args: [...commandArguments], options: DOCKER_OPTIONS, allowPositionals: true });
  const [first, name, ...ports] = positionals;
  if (first === undefined) throw new UsageError('Cannot tell the ports of nothing: gantry container port CONTAINER');
  if (name === undefined && first in EDITS) throw new UsageError(`Cannot change the ports of nothing: gantry container port ${first} CONTAINER 8080:80`);
  if (name !== undefined && first !== 'add' && first !== 'rm')
    throw new UsageError(`Cannot ${first} ports: gantry container port add or rm, or the name of one container`);
  if (name !== undefined && ports.length === 0) throw new UsageError(`Cannot change no port: gantry container port ${first} ${name} 8080:80`);
  const { bindings } = publishedPorts(ports);
  const client = await connectDocker(values, terminal);
  if (name !== undefined && (first === 'add' || first === 'rm')) await edit(client, name, (state) => EDITS[first](state, bindings));
  const { real } = stateOf(await inspect(client, name ?? first));
  for (const [port, places] of Object.entries(real))
    for (const { HostIp, HostPort } of places ?? []) say(terminal, `${port} -> ${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`);
  return 0;
}

/** So many edits of others may come in between before it is given up. */
const TRIES_MAX = 20;

/** Reads, changes and writes; when somebody else has changed the ports meanwhile, again. */
async function edit(client: DockerClient, name: string, change: (state: PortState) => Bindings): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const found = await inspect(client, name);
    const body = { PortBindings: change(stateOf(found)), PortBindingsWere: found.HostConfig.PortBindings ?? {} };
    try {
      return await client.done({ method: 'POST', path: `/containers/${found.Id}/update`, body });
    } catch (error) {
      if (tries === TRIES_MAX || !(error instanceof DockerError) || !error.message.includes(CHANGED)) throw error;
    }
  }
}

function inspect(client: DockerClient, name: string): Promise<Inspected> {
  return client.json({ method: 'GET', path: `/containers/${encodeURIComponent(name)}/json` });
}

function stateOf({ HostConfig, NetworkSettings }: Inspected): PortState {
  return { asked: HostConfig.PortBindings ?? {}, real: NetworkSettings.Ports ?? {} };
}
