import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, isSystemError, type Logger, messageOf, type Random, writeDurable } from '#kit';
import { settingsInvalid } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { Gate } from './gate.ts';
import { Htpasswd } from './htpasswd.ts';
import { serveToken } from './token-endpoint.ts';
import { TokenSigner } from './tokens.ts';
import type { AccessSettings } from './types.ts';

const SERVICE = 'gantry-registry';
const ISSUER = 'gantry';

/** Who may use the registry: the gate that each request passes, and the place where tokens are to be had. */
export interface Access {
  readonly gate: Gate;
  /** Answers who was given one. */
  serveToken(exchange: Exchange): Promise<string | undefined>;
  stop(): Promise<void>;
}

/** Reads the users and the key that tokens are signed with, which is made where there is none. Errors: `REGISTRY_SETTINGS_INVALID`. */
export async function openAccess(
  settings: AccessSettings,
  options: { readonly dataDir: string; readonly isEncrypted: boolean; readonly clock: Clock; readonly random: Random; readonly logger: Logger },
): Promise<Access> {
  const { clock, random, logger, isEncrypted } = options;
  checkGroups(settings);
  const users = new Htpasswd({ path: settings.htpasswd, clock, random, logger });
  await users.open();
  const service = settings.token?.service ?? SERVICE;
  const signer = new TokenSigner({
    key: await tokenKey(settings.token?.key, options.dataDir),
    clock,
    audience: service,
    issuer: settings.token?.issuer ?? ISSUER,
  });
  return {
    gate: new Gate({ settings, users, signer, service, isEncrypted }),
    serveToken: (exchange) => serveToken({ settings, users, signer }, exchange),
    stop: () => users.stop(),
  };
}

/** A group that is nowhere would leave its rule without anybody, in silence. */
function checkGroups({ groups = {}, rules = [] }: AccessSettings): void {
  const unknown = rules.flatMap(({ groups: named = [] }) => named).find((name) => !Object.hasOwn(groups, name));
  if (unknown !== undefined) throw settingsInvalid(`a rule of access names the group ${unknown}, which is not among the groups`);
}

async function tokenKey(given: string | undefined, dataDir: string): Promise<KeyObject> {
  const path = given ?? join(dataDir, 'token-key.pem');
  try {
    const key = createPrivateKey(await readFile(path));
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError(`it is a key of ${key.asymmetricKeyType}`);
    return key;
  } catch (error) {
    if (given !== undefined || !isSystemError(error, 'ENOENT'))
      throw settingsInvalid(`the key of its tokens ${path} must be a private key of Ed25519 in PEM: ${messageOf(error)}`, error);
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  await mkdir(dataDir, { recursive: true });
  await writeDurable(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return privateKey;
}
