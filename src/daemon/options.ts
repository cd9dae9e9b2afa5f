import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { LOG_LEVELS } from '#kit';
import {
  checkParts,
  DEFAULT_DATA_DIR,
  DEFAULT_PATH,
  DEFAULT_RUN_DIR,
  type DaemonConfig,
  PARTS,
  parseCidrOption,
  parseDuration,
  parseHostPort,
  parseParts,
  parseSize,
  parseUnpackBounds,
} from './config.ts';
import { ConfigError } from './errors.ts';
import { historyOf } from './history-options.ts';
import { etcdOf } from './etcd-options.ts';
import { servingOf } from './serving-options.ts';
import { OPTION_NAMES, type OptionValues } from './option-names.ts';
import type { Meaning } from './settings/daemon-json-keys.ts';
import type { AccessSettings } from './settings/access.ts';
import { resolveSettings } from './settings/resolve.ts';

const DEFAULT_CONTEXT = 'gantry';

/**
 * The daemon's configuration from the command line's options, then the file of `--config`, then Docker's daemon.json, then the environment
 * (KUBECONFIG, HTTP_PROXY and its like), then defaults. Errors: `CONFIG_INVALID`, naming the option.
 */
export async function resolveConfig(given: OptionValues, configFile: string | undefined, environment: NodeJS.ProcessEnv): Promise<DaemonConfig> {
  const written: OptionValues = { ...(configFile === undefined ? {} : await readConfigFile(configFile)), ...given };
  const json: Meaning = written['daemon-json'] === undefined ? {} : await (await import('./settings/daemon-json.ts')).readDaemonJson(written['daemon-json']);
  const options: OptionValues = { ...json.options, ...written };
  const dataDir = resolve(options['data-dir'] ?? DEFAULT_DATA_DIR);
  const runDir = resolve(options['run-dir'] ?? DEFAULT_RUN_DIR);
  const isDefault = dataDir === DEFAULT_DATA_DIR;
  const logLevel = LOG_LEVELS.find((level) => level === (options['log-level'] ?? 'info'));
  if (logLevel === undefined) throw new ConfigError(`Cannot take "${options['log-level']}" for --log-level: the levels are ${LOG_LEVELS.join(', ')}`);
  const parts = options.parts === undefined ? new Set(PARTS) : parseParts(options.parts);
  const remote = remoteOf(options, parts);
  checkParts(parts, remote !== undefined);
  const dockerSocket = resolve(options['docker-socket'] ?? join(runDir, 'docker.sock'));
  return {
    dataDir,
    runDir,
    registry: parseHostPort('--registry', options.registry ?? '127.0.0.1:5000'),
    registrySettings:
      options['registry-config'] === undefined ? {} : await (await import('./settings/registry-file.ts')).readRegistryFile(options['registry-config']),
    api: parseHostPort('--api', options.api ?? '127.0.0.1:6443'),
    kubeconfig: resolve(options.kubeconfig ?? firstKubeconfig(environment) ?? (isDefault ? join(homedir(), '.kube', 'config') : join(dataDir, 'kubeconfig'))),
    contextName: options.context ?? DEFAULT_CONTEXT,
    dockerSocket,
    dockerContext:
      isDefault || options.context !== undefined
        ? { folder: resolve(environment.DOCKER_CONFIG ?? join(homedir(), '.docker')), name: options.context ?? DEFAULT_CONTEXT }
        : undefined,
    podCidr: parseCidrOption('--pod-cidr', options['pod-cidr'] ?? '10.42.0.0/16'),
    serviceCidr: parseCidrOption('--service-cidr', options['service-cidr'] ?? '10.43.0.0/16'),
    etcd: etcdOf(options, parts.has('apiserver')),
    history: historyOf(options),
    serving: servingOf(options, parts.has('apiserver')),
    autoscalerPeriod_ms: parseDuration('--autoscaler-period', options['autoscaler-period'] ?? '15s'),
    buildCacheMax_bytes: parseSize('--build-cache-max', options['build-cache-max'] ?? '20g'),
    unpackBounds: parseUnpackBounds(options['unpack-max'], options['unpack-ratio-max']),
    remote,
    programPath: environment.PATH ?? DEFAULT_PATH,
    logLevel,
    parts,
    access: await accessOf(options, parts),
    settings: await resolveSettings(options, json, environment, dockerSocket),
  };
}

/** The names of plugins and modes are the API server's: it is loaded where one is to start. Errors: `CONFIG_INVALID`. */
async function accessOf(options: OptionValues, parts: DaemonConfig['parts']): Promise<AccessSettings> {
  const { NO_ACCESS, namesAccess, resolveAccess } = await import('./settings/access.ts');
  if (!namesAccess(options)) return NO_ACCESS;
  if (!parts.has('apiserver')) throw new ConfigError(`Cannot take --${namesAccess(options)} without an API server: add apiserver to --parts`);
  const { AUTHORIZATION_MODES, PLUGIN_NAMES } = await import('#cluster/apiserver');
  return resolveAccess(options, AUTHORIZATION_MODES, PLUGIN_NAMES);
}

/** Errors: `CONFIG_INVALID` where only half of it is said. */
function remoteOf(options: OptionValues, parts: DaemonConfig['parts']): DaemonConfig['remote'] {
  const { server, 'client-kubeconfig': kubeconfig } = options;
  if (server === undefined && kubeconfig === undefined) return undefined;
  if (kubeconfig === undefined) throw new ConfigError(`Cannot reach --server ${server} without credentials: add --client-kubeconfig PATH`);
  if (parts.has('apiserver')) return { kubeconfig, server };
  if (server !== undefined && !(URL.canParse(server) && new URL(server).protocol === 'https:'))
    throw new ConfigError(`Cannot take "${server}" for --server: it must be an https address, such as https://192.0.2.10:6443`);
  return { kubeconfig: resolve(kubeconfig), server };
}

/** KUBECONFIG may name several files, of which clients write to the first. */
function firstKubeconfig(environment: NodeJS.ProcessEnv): string | undefined {
  return environment.KUBECONFIG?.split(':').find((path) => path !== '');
}

async function readConfigFile(path: string): Promise<OptionValues> {
  let content: unknown;
  try {
    const { parse } = await import('yaml');
    content = parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`Cannot read the configuration file ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content)) throw new ConfigError(`Cannot use ${path}: it must be a YAML mapping of option names to values`);
  const values: OptionValues = {};
  for (const [key, value] of Object.entries(content)) {
    const name = OPTION_NAMES.find((known) => known === key);
    if (name === undefined) throw new ConfigError(`Cannot take "${key}" in ${path}: the options are ${OPTION_NAMES.join(', ')}`);
    values[name] = Array.isArray(value) ? value.join(',') : String(value);
  }
  return values;
}
