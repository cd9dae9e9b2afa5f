import { manifestInvalid } from './errors.ts';
import type { ImageRunConfig } from './types.ts';

type Look = (value: unknown) => boolean;
/** Nothing that the kernel is told has a NUL in it. */
const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const texts: Look = (value) => Array.isArray(value) && value.every(isText);
const textMap: Look = (value) => isObject(value) && Object.values(value).every(isText);
/** Within PATH_MAX, less the NUL at its end, and NAME_MAX. */
const path: Look = (value) => isText(value) && Buffer.byteLength(value) < 4_096 && value.split('/').every((name) => Buffer.byteLength(name) < 256);
const paths: Look = (value) => isObject(value) && Object.keys(value).every(path);
const whole: Look = (value) => Number.isSafeInteger(value);

/** The fields of a health check; what they mean the engine looks at. */
const HEALTH: Readonly<Record<string, Look>> = { Test: texts, Interval: whole, Timeout: whole, StartPeriod: whole, StartInterval: whole, Retries: whole };
const looksLikeHealth = (name: string, content: unknown) => content === null || !Object.hasOwn(HEALTH, name) || HEALTH[name]?.(content) === true;
const health: Look = (value) => isObject(value) && Object.entries(value).every(([name, content]) => looksLikeHealth(name, content));

/** What the fields of an image's own settings look like (OCI image-spec, "config"; Docker's additions); others are carried as they are. */
const FIELDS: Readonly<Record<string, readonly [looks: Look, words: string]>> = {
  User: [isText, 'a text without NULs'],
  WorkingDir: [path, 'a path'],
  StopSignal: [isText, 'a text without NULs'],
  Env: [texts, 'a list of texts without NULs'],
  Entrypoint: [texts, 'a list of texts without NULs'],
  Cmd: [texts, 'a list of texts without NULs'],
  Shell: [texts, 'a list of texts without NULs'],
  OnBuild: [texts, 'a list of texts without NULs'],
  Labels: [textMap, 'an object of texts without NULs'],
  ExposedPorts: [isObject, 'an object'],
  Volumes: [paths, 'an object with paths for its keys'],
  Healthcheck: [health, 'a health check'],
};

/** The settings that an image brings, each field looked at; one that is null is as left out. Errors: `MANIFEST_INVALID`, naming the field. */
export function parseRunConfig(value: unknown): ImageRunConfig {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw manifestInvalid('its configuration has settings that are no object');
  const given = Object.entries(value).filter(([, content]) => content !== null);
  for (const [name, content] of given) {
    const [looks, words] = (Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined) ?? [];
    if (looks?.(content) === false) throw manifestInvalid(`its configuration's ${name} is not ${words}`);
  }
  return Object.fromEntries(given);
}
