import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf } from '#kit';
import { KubeconfigError } from './errors.ts';
import type { ServerAccess } from './types.ts';

/** What a kubeconfig says of one context. */
export interface KubeconfigAccess extends ServerAccess {
  readonly context: string;
  /** The context's default namespace. */
  readonly namespace: string;
}
type Fields = Readonly<Record<string, unknown>>;

/**
 * The access that a kubeconfig (a path, or its parsed content) names, for its current context or the given one. Paths in it are
 * relative to its folder. Errors: `KUBECONFIG`, with what is missing; exec and auth-provider plugins are refused by name.
 */
export async function loadKubeconfig(source: string | object, options: { readonly context?: string } = {}): Promise<KubeconfigAccess> {
  const origin = typeof source === 'string' ? source : '(given)';
  const config = typeof source === 'string' ? await readConfig(source) : fields(source);
  const folder = typeof source === 'string' ? dirname(resolve(source)) : resolve('.');
  const name = options.context ?? text(config['current-context']);
  if (name === undefined || name === '') throw new KubeconfigError(origin, 'it has no current-context; name one');
  const context = named(origin, config, 'contexts', 'context', name);
  const cluster = named(origin, config, 'clusters', 'cluster', text(context.cluster) ?? '');
  const user = context.user === undefined ? {} : named(origin, config, 'users', 'user', text(context.user) ?? '');
  const server = text(cluster.server);
  if (server === undefined || !URL.canParse(server) || new URL(server).protocol !== 'https:') {
    throw new KubeconfigError(origin, `the server of context "${name}" is ${JSON.stringify(server)}, want an https address`);
  }
  for (const plugin of ['exec', 'auth-provider', 'username']) {
    if (user[plugin] !== undefined)
      throw new KubeconfigError(origin, `the user of context "${name}" uses "${plugin}", which is not supported; use a client certificate or token`);
  }
  const material = (of: Fields, field: string) => readMaterial(origin, folder, of, field);
  const [ca, cert, key, tokenFile] = await Promise.all([
    material(cluster, 'certificate-authority'),
    material(user, 'client-certificate'),
    material(user, 'client-key'),
    material({ token: user.tokenFile }, 'token'),
  ]);
  const token = text(user.token) ?? tokenFile?.trim();
  const tlsServerName = text(cluster['tls-server-name']);
  return {
    context: name,
    namespace: text(context.namespace) ?? 'default',
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecureSkipTlsVerify: true } : {}),
  };
}

async function readConfig(path: string): Promise<Fields> {
  try {
    const { parse } = await import('yaml');
    return fields(parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw new KubeconfigError(path, messageOf(error), error);
  }
}

function named(origin: string, config: Fields, list: string, field: string, name: string): Fields {
  const entries = config[list];
  const entry = Array.isArray(entries) ? entries.map(fields).find((one) => one.name === name) : undefined;
  if (entry === undefined) throw new KubeconfigError(origin, `there is no "${name}" among its ${list}`);
  return fields(entry[field]);
}

/** The bytes of `<field>-data` (base64) or of the file that `<field>` names. */
async function readMaterial(origin: string, folder: string, of: Fields, field: string): Promise<string | undefined> {
  const data = text(of[`${field}-data`]);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const path = text(of[field]);
  if (path === undefined || path === '') return undefined;
  try {
    return await readFile(resolve(folder, path), 'utf8');
  } catch (error) {
    throw new KubeconfigError(origin, `its ${field} ${path} can't be read: ${messageOf(error)}`, error);
  }
}

function fields(value: unknown): Fields {
  // Every field is checked where it is used.
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
