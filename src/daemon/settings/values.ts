import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';

/** A value that does not have the form its key asks for: what a right one looks like. */
export class WrongForm extends Error {}

type Read<T> = (value: unknown) => T;

export const text: Read<string> = (value) => {
  if (typeof value !== 'string' || value === '') throw new WrongForm('it must be a text');
  return value;
};
export const flag: Read<boolean> = (value) => {
  if (typeof value !== 'boolean') throw new WrongForm('it must be true or false');
  return value;
};
export const texts: Read<readonly string[]> = (value) => {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw new WrongForm('it must be a list of texts');
  return value;
};
/** A whole number from `least` up. */
export const whole =
  (least: number): Read<number> =>
  (value) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) throw new WrongForm(`it must be a whole number from ${least} up`);
    return value;
  };
export const oneOf =
  <T extends string>(...words: readonly T[]): Read<T> =>
  (value) => {
    const found = words.find((word) => word === value);
    if (found === undefined) throw new WrongForm(`it must be one of ${words.join(', ')}`);
    return found;
  };
export const mapping: Read<Readonly<Record<string, unknown>>> = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new WrongForm('it must be an object');
  return { ...value };
};
export const textMapping: Read<Readonly<Record<string, string>>> = (value) =>
  Object.fromEntries(
    Object.entries(mapping(value)).map(([key, item]) => {
      if (typeof item !== 'string') throw new WrongForm(`${key} must be a text ("${String(item)}")`);
      return [key, item];
    }),
  );
export const address: Read<string> = (value) => {
  if (typeof value !== 'string' || !isIPv4(value)) throw new WrongForm('it must be an IPv4 address, such as 192.0.2.1');
  return value;
};
export const addresses: Read<readonly string[]> = (value) => texts(value).map(address);

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
/** `64M`, or a number of bytes; Docker counts in powers of two here. */
export const bytes: Read<number> = (value) => {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmg]?)(?:i?b)?$/i.exec(String(value));
  const size = Math.floor(Number(match?.[1]) * (UNITS[(match?.[2] ?? '').toLowerCase()] ?? Number.NaN));
  if (!(size > 0)) throw new WrongForm('it must be a size, such as "64M"');
  return size;
};

/** `192.0.2.1/24`: an address in its network. */
export const addressInNetwork: Read<{ readonly address: string; readonly subnet: string }> = (value) => {
  const [own = '', prefix = ''] = text(value).split('/');
  const bits = Number(prefix);
  if (!isIPv4(own) || !/^\d{1,2}$/.test(prefix) || bits < 8 || bits > 30) throw new WrongForm('it must be an address with its network, such as 192.0.2.1/24');
  return { address: own, subnet: `${networkOf(own, bits)}/${bits}` };
};

/** `192.0.2.0/16`, and how many bits the subnets in it have. */
export const addressPool: Read<{ readonly base: string; readonly size: number }> = (value) => {
  const { base, size, ...others } = mapping(value);
  const { subnet } = addressInNetwork(base);
  const bits = whole(1)(size);
  if (Object.keys(others).length > 0) throw new WrongForm(`a pool has a base and a size only, not ${Object.keys(others).join(', ')}`);
  if (bits < Number(subnet.split('/')[1]) || bits > 29) throw new WrongForm(`size ${bits} must be from the base's own bits to 29`);
  return { base: subnet, size: bits };
};

function networkOf(own: string, bits: number): string {
  const number = own.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const cut = number - (number % 2 ** (32 - bits));
  return [24, 16, 8, 0].map((shift) => Math.floor(cut / 2 ** shift) % 256).join('.');
}

/** An object of these fields and no others; those that are not `required` may be left out. What a field has wrong is told with its name before it. */
export const fields =
  <T extends object>(readers: { readonly [K in keyof T]-?: Read<Exclude<T[K], undefined>> }, required: readonly (keyof T & string)[] = []): Read<T> =>
  (value) => {
    const given = mapping(value);
    const names = Object.keys(readers);
    const unknown = Object.keys(given).find((name) => !names.includes(name));
    if (unknown !== undefined) throw new WrongForm(`it has no "${unknown}": what it may have is ${names.join(', ')}`);
    const read = Object.entries(given).map(([name, item]) => [name, within(name, readers[name as keyof T])(item)] as const); // one of `names`, as was just seen
    const missing = required.find((name) => given[name] === undefined);
    if (missing !== undefined) throw new WrongForm(`it lacks "${missing}"`);
    return Object.fromEntries(read) as T; // each field as its reader made it
  };

/** A list of such; what one has wrong is told with its place. */
export const listOf =
  <T>(read: Read<T>): Read<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value)) throw new WrongForm('it must be a list');
    return value.map((item: unknown, index) => within(`[${index}]`, read)(item));
  };

/** An object with any names, and such for each. */
export const mapOf =
  <T>(read: Read<T>): Read<Readonly<Record<string, T>>> =>
  (value) =>
    Object.fromEntries(Object.entries(mapping(value)).map(([name, item]) => [name, within(name, read)(item)]));

const within =
  <T>(name: string, read: Read<T>): Read<T> =>
  (value) => {
    try {
      return read(value);
    } catch (error) {
      throw error instanceof WrongForm ? new WrongForm(`${name}: ${error.message}`) : error;
    }
  };

const LENGTHS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const LONGEST_MS = 3_650 * 86_400_000;
/** A time such as `90s`, `12h` or `30d`, in milliseconds. */
export const span: Read<number> = (value) => {
  const match = /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(typeof value === 'string' ? value : '');
  const length_ms = Number(match?.[1]) * (LENGTHS_MS[match?.[2] ?? ''] ?? Number.NaN);
  if (!(length_ms > 0 && length_ms <= LONGEST_MS)) throw new WrongForm('it must be a time of ten years at most, such as "90s", "12h" or "30d"');
  return length_ms;
};

/** An absolute path, or one that is taken from the folder. */
export const pathIn =
  (folder: string): Read<string> =>
  (value) =>
    resolve(folder, text(value));

/** An address of the web. */
export const webAddress: Read<string> = (value) => {
  const url = URL.parse(text(value));
  if (url === null || !/^https?:$/.test(url.protocol)) throw new WrongForm('it must be an address such as https://example.com/events');
  return url.href;
};
