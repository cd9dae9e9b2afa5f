import { readFile } from 'node:fs/promises';
import type { QuotaSettings, RegistrySettings, RetentionRule, RetentionSettings, S3Settings } from '#registry';
import { messageOf } from '#kit';
import { ConfigError } from '../errors.ts';
import { bytes, duration, fields, flag, listOf, mapping, required, text, whole, WrongForm } from './values.ts';

const url = (value: unknown): string => {
  const given = text(value);
  if (!/^https?:$/.test(URL.parse(given)?.protocol ?? '')) throw new WrongForm('it must be an address, such as https://s3.example.org');
  return given;
};
const readS3 = required<S3Settings>(
  { endpoint: url, region: text, bucket: text, prefix: text, accessKeyFile: text, secretKeyFile: text, pathStyle: flag },
  { pathStyle: true },
  ['endpoint', 'region', 'bucket', 'accessKeyFile', 'secretKeyFile'],
);

interface RuleText {
  readonly repositories: string;
  readonly keep?: { readonly last?: number; readonly youngerThan?: number; readonly tags?: string };
  readonly untaggedAfter?: number;
}
const readRuleText = required<RuleText>(
  { repositories: text, keep: fields({ last: whole(1), youngerThan: duration, tags: text }), untaggedAfter: duration },
  {},
  ['repositories'],
);
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
  const { every, ...others } = required<{ readonly every?: number; readonly dryRun?: boolean; readonly rules: readonly RetentionRule[] }>(
    { every: duration, dryRun: flag, rules: listOf(readRule) },
    {},
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
const readCollect = (value: unknown) => ({ every_ms: required<{ readonly every: number }>({ every: duration }, {}, ['every'])(value).every });

/** The sections of the file. */
const readSections = fields<RegistrySettings>({
  insecure: flag,
  storage: fields({ s3: readS3 }),
  retention: readRetention,
  quota: readQuota,
  collect: readCollect,
});

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
    return readSections(content ?? {});
  } catch (error) {
    throw error instanceof WrongForm ? new ConfigError(`Cannot take ${path} of --registry-config: ${error.message}`) : error;
  }
}
