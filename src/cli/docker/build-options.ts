import { UsageError } from '../errors.ts';
import { parseOptions, wholeNumber } from '../options.ts';
import type { BuildArguments } from './build-check.ts';
import type { Query } from './client.ts';
import { DOCKER_OPTIONS } from './connect.ts';
import { labelsOf } from './run-options.ts';
import { parseBytes } from './sizes.ts';

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true, default: [] as string[] } as const;
const flag = { type: 'boolean', default: false } as const;
const OPTIONS = {
  tag: { ...texts, short: 't' },
  file: { ...text, short: 'f' },
  'build-arg': texts,
  label: texts,
  target: text,
  'no-cache': flag,
  'no-cache-filter': texts,
  pull: flag,
  quiet: { ...flag, short: 'q' },
  platform: text,
  network: text,
  'add-host': texts,
  memory: { ...text, short: 'm' },
  'memory-swap': text,
  'cpu-shares': { ...text, short: 'c' },
  'cpu-period': text,
  'cpu-quota': text,
  'cpuset-cpus': text,
  'cpuset-mems': text,
  'shm-size': text,
  ulimit: texts,
  'cache-from': texts,
  'cache-to': texts,
  'build-context': texts,
  secret: texts,
  ssh: texts,
  allow: texts,
  output: { ...texts, short: 'o' },
  iidfile: text,
  squash: flag,
  sbom: text,
  provenance: text,
  attest: texts,
  debug: flag,
  check: flag,
  format: text,
  progress: text,
  ...DOCKER_OPTIONS,
} as const;
/** Taken from the environment as it is; see reproducible-builds.org. */
const EPOCH = 'SOURCE_DATE_EPOCH';

/** Errors: `USAGE`. */
export const parseBuild = (commandArguments: readonly string[]) => parseOptions({ args: [...commandArguments], options: OPTIONS, allowPositionals: true });
export type BuildValues = ReturnType<typeof parseBuild>['values'];

/** The options that the server is told, in its words. Errors: `USAGE`. */
export function queryOf(values: BuildValues, buildArgs: BuildArguments): Query {
  return {
    platform: values.platform,
    networkmode: values.network,
    extrahosts: values['add-host'],
    memory: bytesOf('memory', values.memory),
    memswap: values['memory-swap'] === '-1' ? '-1' : bytesOf('memory-swap', values['memory-swap']),
    cpushares: wholeNumber('--cpu-shares', values['cpu-shares']),
    cpuperiod: wholeNumber('--cpu-period', values['cpu-period']),
    cpuquota: wholeNumber('--cpu-quota', values['cpu-quota']),
    cpusetcpus: values['cpuset-cpus'],
    cpusetmems: values['cpuset-mems'],
    shmsize: bytesOf('shm-size', values['shm-size']),
    ulimits: values.ulimit.length === 0 ? undefined : JSON.stringify(values.ulimit.map(parseUlimit)),
    cachefrom: values['cache-from'].length === 0 ? undefined : JSON.stringify(values['cache-from']),
    cacheto: values['cache-to'].length === 0 ? undefined : JSON.stringify(values['cache-to']),
    buildargs: JSON.stringify(buildArgs),
    labels: JSON.stringify(labelsOf(values.label)),
    target: values.target,
    nocache: values['no-cache'],
    pull: values.pull,
  };
}

/** Errors: `USAGE` for what is asked for in vain. */
export function refuseUnknown(values: BuildValues): void {
  if (values.format !== undefined && (!values.check || !['json', 'text'].includes(values.format)))
    throw new UsageError(`Cannot take "${values.format}" for --format: it is json or text, and goes with --check`);
  if (values.squash)
    throw new UsageError('Cannot squash the layers of an image: let a last stage "FROM scratch" take the files by "COPY --from=STAGE / /", which is one layer');
  const unknown = values.allow.find((name) => name !== 'security.insecure');
  if (unknown !== undefined)
    throw new UsageError(`Cannot take "${unknown}" for --allow: only security.insecure is asked for (RUN --network=host needs no leave)`);
}

function bytesOf(name: string, value: string | undefined): number | undefined {
  return value === undefined ? undefined : parseBytes(`--${name}`, value);
}

/** `NAME=SOFT[:HARD]`. Errors: `USAGE`. */
function parseUlimit(text: string): { readonly Name: string; readonly Soft: number; readonly Hard: number } {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (!match) throw new UsageError(`Cannot take "${text}" for --ulimit: write NAME=SOFT[:HARD], such as nofile=1024:2048`);
  return { Name: match[1] ?? '', Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

/**
 * `NAME=VALUE`, or `NAME` for the value that this process has; null leaves it to the Dockerfile. `SOURCE_DATE_EPOCH` is passed on where it is
 * set, as other builders do. Errors: `USAGE`.
 */
export function buildArguments(given: readonly string[], environment: NodeJS.ProcessEnv): BuildArguments {
  const epoch = environment[EPOCH] ? { [EPOCH]: environment[EPOCH] } : {};
  const asked = Object.fromEntries(
    given.map((argument) => {
      const at = argument.indexOf('=');
      const name = at < 0 ? argument : argument.slice(0, at);
      if (name === '') throw new UsageError(`Cannot take "${argument}" for --build-arg: write NAME=VALUE, or NAME to pass on its value`);
      return [name, at < 0 ? (environment[name] ?? null) : argument.slice(at + 1)];
    }),
  );
  return { ...epoch, ...asked };
}
