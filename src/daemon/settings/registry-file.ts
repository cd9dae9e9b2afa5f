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
  type QuotaSettings,
  type RegistrySettings,
  type RequestLimit,
  type RetentionRule,
  type RetentionSettings,
  type S3Settings,
  type TlsSettings,
  type TokenSettings,
  type UpstreamSettings,
} from '#registry';
import { messageOf } from '#kit';
import { ConfigError } from '../errors.ts';
import { bytes, fields, flag, listOf, mapOf, mapping, oneOf, pathIn, span, text, textMapping, texts, webAddress, whole, WrongForm } from './values.ts';

interface RuleText {
  readonly repositories: string;
  readonly keep?: { readonly last?: number; readonly youngerThan?: number; readonly tags?: string };
  readonly untaggedAfter?: number;
}
const readRuleText = fields<RuleText>({ repositories: text, keep: fields({ last: whole(1), youngerThan: span, tags: text }), untaggedAfter: span }, [
  'repositories',
]);
const readRule = (value: unknown): RetentionRule => {
  const { keep, untaggedAfter, ...rule } = readRuleText(value);
  const { youngerThan, ...kept } = keep ?? {};
  return {
    ...rule,
    ...(keep === undefined ? {} : { keep: { ...kept, ...(youngerThan === undefined ? {} : { youngerThan_ms: youngerThan }) } }),
    ...(untaggedAfter === undefined ? {} : { untaggedAfter_ms: untaggedAfter }),
  };
};
const readRetention = (value: unknown): RetentionSettings => {
  const { every, ...others } = fields<{ readonly every?: number; readonly dryRun?: boolean; readonly rules: readonly RetentionRule[] }>(
    { every: span, dryRun: flag, rules: listOf(readRule) },
    ['rules'],
  )(value);
  return { ...others, ...(every === undefined ? {} : { every_ms: every }) };
};
const readSizes = (value: unknown) => Object.entries(mapping(value)).map(([pattern, size]) => ({ pattern, bytes: bytes(size) }));
const readQuota = (value: unknown): QuotaSettings => {
  const given = fields<{ readonly default?: number; readonly repositories?: QuotaSettings['repositories'] }>({ default: bytes, repositories: readSizes })(
    value,
  );
  return {
    ...(given.default === undefined ? {} : { default_bytes: given.default }),
    ...(given.repositories === undefined ? {} : { repositories: given.repositories }),
  };
};
const readCollect = (value: unknown) => ({ every_ms: fields<{ readonly every: number }>({ every: span }, ['every'])(value).every });

const readS3 = (path: (value: unknown) => string) => (value: unknown) => {
  const readers = { endpoint: webAddress, region: text, bucket: text, prefix: text, accessKeyFile: path, secretKeyFile: path, pathStyle: flag };
  type Given = Omit<S3Settings, 'pathStyle'> & { readonly pathStyle?: boolean };
  const { pathStyle = true, ...given } = fields<Given>(readers, ['endpoint', 'region', 'bucket', 'accessKeyFile', 'secretKeyFile'])(value);
  return { ...given, pathStyle };
};

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
    storage: fields({ s3: readS3(path) }),
    retention: readRetention,
    quota: readQuota,
    collect: readCollect,
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
