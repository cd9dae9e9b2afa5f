import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  type AccessRule,
  type AccessSettings,
  ACTIONS,
  type AuditSettings,
  HOOK_ACTIONS,
  type HookSettings,
  type LimitSettings,
  type RegistrySettings,
  type RequestLimit,
  type TlsSettings,
  type TokenSettings,
  type UpstreamSettings,
} from '#registry';
import { messageOf } from '#kit';
import { ConfigError } from '../errors.ts';
import { bytes, fields, flag, listOf, mapOf, oneOf, pathIn, span, text, textMapping, texts, webAddress, whole, WrongForm } from './values.ts';

/** The sections of the file; paths in it are taken from its folder. */
const readSections = (folder: string) => {
  const path = pathIn(folder);
  return fields<RegistrySettings>({
    insecure: flag,
    tls: fields<TlsSettings>({ certificate: path, key: path }, ['certificate', 'key']),
    access: fields<AccessSettings>(
      {
        htpasswd: path,
        groups: mapOf(texts),
        anonymous: oneOf('none', 'pull'),
        rules: listOf(fields<AccessRule>({ users: texts, groups: texts, repositories: texts, actions: listOf(oneOf(...ACTIONS)) }, ['actions'])),
        token: fields<TokenSettings>({ issuer: text, key: path, service: text, lifetime: span }),
      },
      ['htpasswd'],
    ),
    limits: fields<LimitSettings>({ requests: fields<RequestLimit>({ perSecond: whole(1), burst: whole(1) }, ['perSecond']), uploads: whole(1) }),
    audit: fields<AuditSettings>({ file: path, maxBytes: bytes, keep: whole(0) }, ['file']),
    hooks: listOf(
      fields<HookSettings>({ url: webAddress, events: listOf(oneOf(...HOOK_ACTIONS)), repositories: texts, headers: textMapping, secret: text }, ['url']),
    ),
    upstreams: listOf(
      fields<UpstreamSettings>({ prefix: text, host: text, remote: webAddress, credentials: path, authority: path, tagsFresh: span, repositories: texts }, [
        'remote',
      ]),
    ),
    cacheMax: bytes,
    metrics: flag,
  });
};

/** Reads the file of `--registry-config` (YAML). Errors: `CONFIG_INVALID`, naming the section and the field. */
export async function readRegistryFile(path: string): Promise<RegistrySettings> {
  let content: unknown;
  try {
    const { parse } = await import('yaml');
    content = parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`Cannot read ${path} of --registry-config: ${messageOf(error)}`, { cause: error });
  }
  try {
    return readSections(dirname(resolve(path)))(content ?? {});
  } catch (error) {
    throw error instanceof WrongForm ? new ConfigError(`Cannot take ${path} of --registry-config: ${error.message}`) : error;
  }
}
