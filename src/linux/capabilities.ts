import { readFile } from 'node:fs/promises';
import type { Capabilities } from './types.ts';

/** By number, as in capabilities(7) and linux/capability.h. */
const NAMES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
];

/** What this process may do, from /proc/self. */
export function createCapabilities(): Capabilities {
  return {
    async bounding() {
      return parseBounding(await readFile('/proc/self/status', 'utf8'));
    },
    async noFileLimit() {
      return parseNoFileLimit(await readFile('/proc/self/limits', 'utf8'));
    },
  };
}

/** The `CapBnd` line of proc_pid_status(5) as names. */
export function parseBounding(status: string): ReadonlySet<string> {
  const bits = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return new Set(NAMES.filter((_, number) => (bits >> BigInt(number)) & 1n).map((name) => `CAP_${name}`));
}

/** The hard limit of `Max open files` of proc_pid_limits(5). */
export function parseNoFileLimit(limits: string): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  return hard === undefined || hard === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(hard);
}
