import { resolve } from 'node:path';
import { ConfigError } from './errors.ts';
import type { OptionValues } from './option-names.ts';

/** The etcd in which a cluster's state is kept, in place of the data dir. */
export interface EtcdConfig {
  readonly endpoints: readonly string[];
  readonly prefix: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

const DEFAULT_PREFIX = '/gantry';

/** `--etcd-servers` and what belongs to it; undefined without it. Errors: `CONFIG_INVALID`, naming the option. */
export function etcdOf(options: OptionValues, hasApiServer: boolean): EtcdConfig | undefined {
  const { 'etcd-servers': servers, 'etcd-prefix': prefix = DEFAULT_PREFIX, 'etcd-cafile': ca, 'etcd-certfile': cert, 'etcd-keyfile': key } = options;
  if (servers === undefined) {
    const orphan = (['etcd-prefix', 'etcd-cafile', 'etcd-certfile', 'etcd-keyfile'] as const).find((name) => options[name] !== undefined);
    if (orphan !== undefined) throw new ConfigError(`Cannot take --${orphan} without an etcd: add --etcd-servers URL,…`);
    return undefined;
  }
  if (!hasApiServer) throw new ConfigError('Cannot take --etcd-servers without an API server: add apiserver to --parts');
  const endpoints = servers.split(',').map((text) => endpointOf(text.trim()));
  if (!/^\/[\w./-]*[\w.-]$/.test(prefix)) throw new ConfigError(`Cannot take "${prefix}" for --etcd-prefix: it must be a path such as ${DEFAULT_PREFIX}`);
  if ((cert === undefined) !== (key === undefined)) throw new ConfigError('Cannot take one of --etcd-certfile and --etcd-keyfile alone: give both');
  return {
    endpoints,
    prefix,
    ...(ca === undefined ? {} : { caFile: resolve(ca) }),
    ...(cert === undefined || key === undefined ? {} : { certFile: resolve(cert), keyFile: resolve(key) }),
  };
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.port === '' || url.pathname !== '/')
    throw new ConfigError(`Cannot take "${text}" for --etcd-servers: it must be URLs, such as https://192.0.2.10:2379,https://192.0.2.11:2379`);
  return `${url.protocol}//${url.host}`;
}
