import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '#kit';
import { ConfigError } from '../errors.ts';
import { DAEMON_JSON_KEYS, type Meaning } from './daemon-json-keys.ts';
import type { JsonSettings } from './types.ts';
import { WrongForm } from './values.ts';

/** Reads Docker's daemon.json. Errors: `CONFIG_INVALID`, naming the key. */
export async function readDaemonJson(path: string): Promise<Required<Meaning>> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new ConfigError(`Cannot use ${path}: it must be a JSON object, as Docker's daemon.json`);
  return interpret({ ...content }, path);
}

/** What the keys come to, all together. Pure. */
export function interpret(content: Readonly<Record<string, unknown>>, path: string): Required<Meaning> {
  const meanings = Object.entries(content).map(([key, value]) => meaningOf(key, value, content, path));
  return {
    options: Object.assign({}, ...meanings.map(({ options }) => options ?? {})),
    settings: meanings.map(({ settings }) => settings ?? {}).reduce(merged, {}),
    warnings: meanings.flatMap(({ warnings }) => warnings ?? []),
  };
}

function meaningOf(key: string, value: unknown, all: Readonly<Record<string, unknown>>, path: string): Meaning {
  const wrong = (why: string) => new ConfigError(`Cannot take "${key}" in ${path}: ${why}`);
  const row = Object.hasOwn(DAEMON_JSON_KEYS, key) ? DAEMON_JSON_KEYS[key] : undefined;
  if (row === undefined) throw wrong('neither Docker nor Gantry has such a key');
  try {
    switch (row.kind) {
      case 'option':
        return { options: { [row.option]: row.read(value) } };
      case 'setting':
        return row.read(value, all);
      case 'warned':
        return { warnings: [`"${key}" in ${path} has no effect: ${row.why}`] };
      case 'fixed':
        if (row.values.some((known) => isDeepStrictEqual(known, value))) return {};
        throw wrong(`${JSON.stringify(value)} is not to be had: ${row.why}`);
      case 'refused':
        throw wrong(row.why);
    }
  } catch (error) {
    throw error instanceof WrongForm ? wrong(error.message) : error;
  }
}

/** Some keys are parts of one setting: these parts stand side by side. */
function merged(one: JsonSettings, other: JsonSettings): JsonSettings {
  const registries = {
    insecure: [...(one.registries?.insecure ?? []), ...(other.registries?.insecure ?? [])],
    mirrors: [...(one.registries?.mirrors ?? []), ...(other.registries?.mirrors ?? [])],
  };
  return {
    ...one,
    ...other,
    ...(one.defaults || other.defaults ? { defaults: mergedDefaults(one.defaults ?? {}, other.defaults ?? {}) } : {}),
    ...(one.registries || other.registries ? { registries } : {}),
    ...(one.remote || other.remote ? { remote: { ...one.remote, ...other.remote } } : {}),
    ...(one.bridge || other.bridge ? { bridge: mergedBridge(one.bridge ?? {}, other.bridge ?? {}) } : {}),
  };
}

type Bridge = NonNullable<JsonSettings['bridge']>;

function mergedBridge(one: Bridge, other: Bridge): Bridge {
  return { ...one, ...other, ...(one.options || other.options ? { options: { ...one.options, ...other.options } } : {}) };
}

type Defaults = NonNullable<JsonSettings['defaults']>;

function mergedDefaults(one: Defaults, other: Defaults): Defaults {
  return { ...one, ...other, ...(one.dns || other.dns ? { dns: { ...one.dns, ...other.dns } } : {}) };
}
