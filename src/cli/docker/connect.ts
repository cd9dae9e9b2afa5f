import { askDaemon, DAEMON_OPTIONS, type DaemonValues, namesDaemon } from '../daemon-status.ts';
import { CommandError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { DockerClient } from './client.ts';

/** Options of every command that speaks to the Docker API. */
export const DOCKER_OPTIONS = { 'docker-socket': { type: 'string' }, ...DAEMON_OPTIONS } as const;
export const DOCKER_USAGE = '[--docker-socket PATH] [--data-dir D] [--run-dir R]';
export type DockerValues = DaemonValues & { readonly 'docker-socket'?: string | undefined };

/** A client of the Docker API that is meant. Errors: `COMMAND_FAILED`, saying what to do when there is none. */
export async function connectDocker(values: DockerValues, terminal: Terminal): Promise<DockerClient> {
  return new DockerClient(await findSocket(values, terminal.environment));
}

/** `--docker-socket`, the daemon that the command line names, DOCKER_HOST, the daemon of the usual places. */
async function findSocket(values: DockerValues, environment: NodeJS.ProcessEnv): Promise<string> {
  if (values['docker-socket'] !== undefined) return values['docker-socket'];
  const host = environment.DOCKER_HOST;
  if (!namesDaemon(values) && host !== undefined && host !== '') return pathOfHost(host);
  const status = await askDaemon(values);
  if (status === undefined)
    throw new CommandError('No daemon answers. Start one with "gantry up --detach", or name its Docker socket with --docker-socket PATH or DOCKER_HOST');
  if (status.dockerSocket === undefined)
    throw new CommandError(`The daemon in ${status.dataDir} serves no Docker API: its part "docker" does not run. Start it with that part (gantry up --parts)`);
  return status.dockerSocket;
}

function pathOfHost(host: string): string {
  const path = /^unix:\/\/(\/.+)$/.exec(host)?.[1];
  if (path === undefined) throw new CommandError(`Cannot use DOCKER_HOST="${host}": only unix:///PATH is supported. Unset it, or give --docker-socket PATH`);
  return path;
}
