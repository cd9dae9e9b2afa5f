import { manifestInvalid } from './errors.ts';
import type { ImageRunConfig } from './types.ts';

type Look = (value: unknown) => boolean;
const text: Look = (value) => typeof value === 'string';
const texts: Look = (value) => Array.isArray(value) && value.every(text);
const object: Look = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const textMap: Look = (value) => object(value) && Object.values(value as object).every(text); // an object, as was just seen

/** What the fields of an image's own settings look like (OCI image-spec, "config"; Docker's additions); others are carried as they are. */
const FIELDS: Readonly<Record<string, readonly [looks: Look, words: string]>> = {
  User: [text, 'a text'],
  WorkingDir: [text, 'a text'],
  StopSignal: [text, 'a text'],
  Env: [texts, 'a list of texts'],
  Entrypoint: [texts, 'a list of texts'],
  Cmd: [texts, 'a list of texts'],
  Shell: [texts, 'a list of texts'],
  OnBuild: [texts, 'a list of texts'],
  Labels: [textMap, 'an object of texts'],
  ExposedPorts: [object, 'an object'],
  Volumes: [object, 'an object'],
  Healthcheck: [object, 'an object'],
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
