import type { ParseArgsConfig } from 'node:util';
import { UsageError } from '../errors.ts';
import { wholeNumber } from '../options.ts';
import type { parseOptions } from '../options.ts';
import { DOCKER_OPTIONS } from './connect.ts';
import { publishedPorts } from './ports.ts';
import { parseBytes } from './sizes.ts';
import { parseVolumes } from './volumes.ts';

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true, default: [] as string[] } satisfies NonNullable<ParseArgsConfig['options']>[string];
const flag = { type: 'boolean', default: false } as const;

export const RUN_OPTIONS = {
  detach: { ...flag, short: 'd' },
  rm: flag,
  interactive: { ...flag, short: 'i' },
  tty: { ...flag, short: 't' },
  name: text,
  publish: { ...texts, short: 'p' },
  volume: { ...texts, short: 'v' },
  env: { ...texts, short: 'e' },
  'env-file': texts,
  workdir: { ...text, short: 'w' },
  user: { ...text, short: 'u' },
  hostname: { ...text, short: 'h' },
  network: text,
  memory: { ...text, short: 'm' },
  cpus: text,
  entrypoint: text,
  restart: text,
  label: { ...texts, short: 'l' },
  privileged: flag,
  'read-only': flag,
  ...DOCKER_OPTIONS,
} as const;

export type RunValues = ReturnType<typeof parseOptions<{ options: typeof RUN_OPTIONS }>>['values'];
export interface RunContext {
  readonly image: string;
  readonly command: readonly string[];
  /** NAME=VALUE. */
  readonly environment: readonly string[];
  /** What relative paths of volumes begin at. */
  readonly folder: string;
  readonly size?: { readonly rows: number; readonly columns: number };
}

/** The body of `POST /containers/create` for the options of `run`. Pure. Errors: `USAGE`, naming the option. */
export function createBody(values: RunValues, { image, command, environment, folder, size }: RunContext): object {
  const attached = !values.detach;
  const { exposed, bindings } = publishedPorts(values.publish);
  const { binds, anonymous } = parseVolumes(values.volume, folder);
  return {
    Image: image,
    ...(command.length > 0 ? { Cmd: command } : {}),
    // A blank one takes the image's entrypoint away.
    ...(values.entrypoint === undefined ? {} : { Entrypoint: [values.entrypoint] }),
    Env: environment,
    Labels: labelsOf(values.label),
    WorkingDir: values.workdir ?? '',
    User: values.user ?? '',
    Hostname: values.hostname ?? '',
    Tty: values.tty,
    OpenStdin: values.interactive,
    StdinOnce: values.interactive && attached,
    AttachStdin: values.interactive && attached,
    AttachStdout: attached,
    AttachStderr: attached,
    ExposedPorts: exposed,
    Volumes: anonymous,
    HostConfig: {
      ...hostConfig(values),
      Binds: binds,
      PortBindings: bindings,
      ...(size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] }),
    },
  };
}

function hostConfig(values: RunValues): object {
  const restart = restartPolicy(values.restart);
  if (values.rm && restart.Name !== 'no')
    throw new UsageError('Cannot use --rm together with --restart: a container that is removed at its end is not started again');
  return {
    AutoRemove: values.rm,
    NetworkMode: values.network ?? 'default',
    Memory: values.memory === undefined ? 0 : parseBytes('--memory', values.memory),
    NanoCpus: values.cpus === undefined ? 0 : nanoCpus(values.cpus),
    RestartPolicy: restart,
    Privileged: values.privileged,
    ReadonlyRootfs: values['read-only'],
  };
}

function nanoCpus(given: string): number {
  if (!/^\d+(?:\.\d+)?$/.test(given) || Number(given) <= 0) throw new UsageError(`Cannot take "${given}" for --cpus: write a number such as 1.5`);
  return Math.round(Number(given) * 1e9);
}

function restartPolicy(given = 'no'): { readonly Name: string; readonly MaximumRetryCount: number } {
  const [name = '', count] = given.split(':');
  if (!['no', 'always', 'unless-stopped', 'on-failure'].includes(name) || (count !== undefined && name !== 'on-failure'))
    throw new UsageError(`Cannot take "${given}" for --restart: it is no, always, unless-stopped or on-failure[:N]`);
  return { Name: name, MaximumRetryCount: wholeNumber('--restart on-failure', count) ?? 0 };
}

/** `NAME=VALUE`, or `NAME` for a blank value. */
export function labelsOf(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((label) => {
      const at = label.indexOf('=');
      return at < 0 ? [label, ''] : [label.slice(0, at), label.slice(at + 1)];
    }),
  );
}
