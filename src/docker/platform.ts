import type { Platform } from '#image';
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
