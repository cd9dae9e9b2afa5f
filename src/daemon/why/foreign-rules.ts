import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isSystemError } from '#kit';
import { forwardDrops, legacyForwardDrops } from './forward-drops.ts';
import { read } from './host-sockets.ts';
import type { ForwardDrop } from './types.ts';

const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const RULESET_BYTES_MAX = 256 * 2 ** 20;

/** Chains of other programs that drop what is forwarded to containers, in nftables and in older iptables; undefined where this user may not look. */
export async function foreignForwardDrops(): Promise<readonly ForwardDrop[] | undefined> {
  const [ruleset, legacy] = await Promise.all([listRuleset(), legacyDrops()]);
  return ruleset === undefined ? undefined : [...forwardDrops(ruleset, undefined), ...legacy].filter(({ accepts }) => !accepts);
}

/** Undefined where this user may not look, or nft is not installed. */
export async function listRuleset(): Promise<unknown> {
  try {
    const { stdout } = await promisify(execFile)('nft', ['-j', 'list', 'ruleset'], { env: { PATH: SYSTEM_PATH }, maxBuffer: RULESET_BYTES_MAX });
    return JSON.parse(stdout);
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || /not permitted|denied/i.test(String(error))) return undefined;
    throw error;
  }
}

/** What older kernels' iptables holds, which nft does not show; nothing where it was never used or is not installed. */
export async function legacyDrops(): Promise<readonly ForwardDrop[]> {
  if (!(await read('/proc/self/net/ip_tables_names')).includes('filter')) return [];
  try {
    return legacyForwardDrops((await promisify(execFile)('iptables-legacy', ['-S', 'FORWARD'], { env: { PATH: SYSTEM_PATH } })).stdout);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}
