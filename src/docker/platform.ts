import type { Image, Platform } from '#image';
import { GantryError } from '#kit';
import { badRequest } from './errors.ts';
import { isObject } from './json.ts';

/** A platform as clients send it: `linux/arm64/v8`, or an OCI platform as JSON (API 1.48). Undefined when none is asked for. Errors: 400. */
export function parsePlatform(text: string | undefined): Platform | undefined {
  if (text === undefined) return undefined;
  const { os, architecture, variant } = text.startsWith('{') ? fromJson(text) : fromWords(text);
  if (typeof os !== 'string' || typeof architecture !== 'string' || os === '' || architecture === '')
    throw badRequest(`invalid platform ${text}: a right one looks like linux/amd64 or linux/arm64/v8`);
  return { os, architecture, ...(typeof variant === 'string' && variant !== '' ? { variant } : {}) };
}

interface Parts {
  readonly os?: unknown;
  readonly architecture?: unknown;
  readonly variant?: unknown;
}

function fromWords(text: string): Parts {
  const [os, architecture, variant, ...more] = text.split('/');
  return more.length > 0 ? {} : { os, architecture, variant };
}

function fromJson(text: string): Parts {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch (error) {
    throw badRequest(`invalid platform ${text}: it is no JSON`, error);
  }
}

/** A parameter that may come several times (API 1.50), each a platform or a JSON list of them. Errors: 400. */
export function platformList(texts: readonly string[]): readonly Platform[] {
  return texts.filter((text) => text !== '').flatMap((text) => (text.startsWith('[') ? listed(text) : [text]).map((each) => parsePlatform(each) ?? []).flat());
}

function listed(text: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))) : [];
  } catch (error) {
    throw badRequest(`invalid platforms ${text}: it is no JSON`, error);
  }
}

/** An image here is for one platform. Errors: 404 where another is asked for. */
export function requirePlatform({ config }: Image, name: string, platform: Platform | undefined): void {
  if (platform === undefined) return;
  const fits = platform.os === config.os && platform.architecture === config.architecture && (platform.variant ?? config.variant) === config.variant;
  if (fits) return;
  const wanted = [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined).join('/');
  throw new GantryError(
    'PLATFORM_UNKNOWN',
    404,
    `image ${name} is here for ${config.os}/${config.architecture}, not for ${wanted}; pull it with that platform`,
  );
}
