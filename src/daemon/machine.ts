import { readFile } from 'node:fs/promises';
import { isSystemError } from '#kit';
import type { Linux } from '#linux';

/** The operating system in its own words (os-release(5)). */
export async function operatingSystem(): Promise<string> {
  try {
    return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return 'Linux';
    throw error;
  }
}

interface AddressedLink {
  readonly ifname: string;
  readonly ifalias?: string;
  readonly addr_info?: readonly { readonly family: string; readonly local: string }[];
}

/** The machine's own address: the first of a link that no daemon made, or loopback where there is none. */
export async function machineAddress({ links }: Pick<Linux, 'links'>): Promise<string> {
  // The form of `ip -j addr show`.
  const all = (await links.show('addr')) as unknown as readonly AddressedLink[];
  const own = all.filter(({ ifname, ifalias }) => ifname !== 'lo' && !ifalias?.startsWith('gantry-'));
  return own.flatMap(({ addr_info = [] }) => addr_info).find(({ family }) => family === 'inet')?.local ?? '127.0.0.1';
}
