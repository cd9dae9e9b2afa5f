import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, isSystemError, type Logger, type Random, writeDurable } from '#kit';
import type { Exchange } from '../http/exchange.ts';
import { Gate } from './gate.ts';
import { Htpasswd } from './htpasswd.ts';
import { serveToken } from './token-endpoint.ts';
import { TokenSigner } from './tokens.ts';
import type { AccessSettings } from './types.ts';

const SERVICE = 'gantry-registry';
const KEY_BYTES = 32;

/** Who may use the registry: the gate that each request passes, and the place where tokens are to be had. */
export interface Access {
  readonly gate: Gate;
  serveToken(exchange: Exchange): Promise<void>;
  stop(): Promise<void>;
}

/** Reads the users and the key that tokens are signed with, which is made where there is none. Errors: `REGISTRY_SETTINGS_INVALID`. */
export async function openAccess(
  settings: AccessSettings,
  options: { readonly dataDir: string; readonly isEncrypted: boolean; readonly clock: Clock; readonly random: Random; readonly logger: Logger },
): Promise<Access> {
  const { clock, random, logger, isEncrypted } = options;
  const users = new Htpasswd({ path: settings.htpasswd, clock, random, logger });
  await users.open();
  const service = settings.token?.service ?? SERVICE;
  const signer = new TokenSigner({ key: await keyIn(options.dataDir, random), clock, audience: service });
  return {
    gate: new Gate({ settings, users, signer, service, isEncrypted }),
    serveToken: (exchange) => serveToken({ settings, users, signer }, exchange),
    stop: () => users.stop(),
  };
}

async function keyIn(dataDir: string, random: Random): Promise<Uint8Array> {
  const path = join(dataDir, 'token-key');
  try {
    return Buffer.from(await readFile(path, 'utf8'), 'base64');
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    const key = random.bytes(KEY_BYTES);
    await writeDurable(path, Buffer.from(key).toString('base64'));
    return key;
  }
}
