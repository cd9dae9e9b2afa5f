import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ApiServerOptions,
  AUTHORIZATION_MODES,
  DEFAULT_ISSUER,
  newTokenKey,
  parseTokenFile,
  type ServiceAccountOptions,
  signingKey,
  verificationKeys,
} from '#cluster/apiserver';
import { isSystemError, messageOf, writeDurable } from '#kit';
import { ConfigError } from './errors.ts';
import type { AccessSettings } from './settings/access.ts';

export interface OpenedAccess {
  readonly server: Pick<ApiServerOptions, 'tokens' | 'authorizationModes' | 'serviceAccounts' | 'admission'>;
  /** PEM of further authorities whose client certificates count. */
  readonly clientCa: string | undefined;
}

/** Reads the files that the access settings name, and the key of the cluster's tokens in `folder`, made when missing. Errors: `CONFIG_INVALID`, naming the file. */
export async function openAccess(settings: AccessSettings, folder: string): Promise<OpenedAccess> {
  const { tokenFile, clientCaFile, modes } = settings;
  const tokens =
    tokenFile === undefined ? undefined : await checked('--token-auth-file', async () => parseTokenFile(await readFile(tokenFile, 'utf8'), tokenFile));
  const authorizationModes = modes && AUTHORIZATION_MODES.filter((mode) => modes.includes(mode)).toSorted((a, b) => modes.indexOf(a) - modes.indexOf(b));
  return {
    server: {
      ...(tokens === undefined ? {} : { tokens }),
      ...(authorizationModes === undefined ? {} : { authorizationModes }),
      serviceAccounts: await openServiceAccounts(settings, folder),
      admission: { disable: settings.disabledPlugins },
    },
    clientCa: clientCaFile === undefined ? undefined : await checked('--client-ca-file', () => readAuthorities(clientCaFile)),
  };
}

async function openServiceAccounts({ issuers, audiences, keyFiles, signingKeyFile }: AccessSettings, folder: string): Promise<ServiceAccountOptions> {
  const signing =
    signingKeyFile === undefined
      ? await ownKey(join(folder, 'service-account.key'))
      : await checked('--service-account-signing-key-file', async () => {
          const pem = await readFile(signingKeyFile, 'utf8');
          signingKey(pem, signingKeyFile);
          return pem;
        });
  const others = await Promise.all(
    keyFiles.map((path) =>
      checked('--service-account-key-file', async () => {
        const pem = await readFile(path, 'utf8');
        verificationKeys(pem, path);
        return pem;
      }),
    ),
  );
  return {
    issuers: issuers.length > 0 ? issuers : [DEFAULT_ISSUER],
    ...(audiences.length > 0 ? { audiences } : {}),
    signingKey: signing,
    verificationKeys: others,
  };
}

async function ownKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
  const made = newTokenKey();
  await writeDurable(path, made);
  return made;
}

async function readAuthorities(path: string): Promise<string> {
  const pem = await readFile(path, 'utf8');
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new TypeError('it holds no PEM certificate');
  for (const block of blocks) void new X509Certificate(block);
  return pem;
}

async function checked<T>(option: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new ConfigError(`Cannot use the file of ${option}: ${messageOf(error)}`, { cause: error });
  }
}
