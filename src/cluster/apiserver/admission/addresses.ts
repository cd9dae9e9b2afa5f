import { GantryError } from '#kit';

/** A range of IPv4 addresses, `base` being its network address as a number. */
export interface Range4 {
  readonly text: string;
  readonly base: number;
  readonly size: number;
}

/** Reads `10.96.0.0/16`. Errors: 400 for anything else, also for a range too small for three Services. */
export function parseRange4(text: string): Range4 {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text);
  const base = match?.[1] === undefined ? undefined : parseAddress4(match[1]);
  const bits = Number(match?.[2]);
  if (base === undefined || !(bits >= 8 && bits <= 28)) {
    throw new GantryError('BAD_SERVICE_CIDR', 400, `Cannot use service range "${text}": want an IPv4 range between /8 and /28, such as 10.96.0.0/16`);
  }
  const size = 2 ** (32 - bits);
  return { text, base: base - (base % size), size };
}

/** The address as a number, or undefined where the text is none. */
export function parseAddress4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatAddress4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
