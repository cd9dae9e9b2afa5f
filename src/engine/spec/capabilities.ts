import { invalid } from '../errors.ts';
import type { SecurityOptions } from '../types.ts';
import type { Given } from './machine.ts';

/** Docker's default set: 00000000a80425fb. */
export const DEFAULT_CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
] as const;

/** capabilities(7), in the order of their numbers. */
const ALL_CAPABILITIES = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER ' +
  'SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP ' +
  'MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

/** The capabilities of a container's processes: Docker's rules, less what the daemon itself lacks. Errors: `ENGINE_INVALID`. */
export function capabilitiesOf(security: SecurityOptions | undefined, bounding: ReadonlySet<string>): Given<readonly string[]> {
  const add = (security?.capabilitiesAdd ?? []).map(normalise);
  const drop = (security?.capabilitiesDrop ?? []).map(normalise);
  const base = security?.privileged ? ALL_CAPABILITIES : drop.includes('ALL') ? [] : DEFAULT_CAPABILITIES;
  const dropped = new Set(drop);
  const wanted = add.includes('ALL') ? ALL_CAPABILITIES.filter((name) => !dropped.has(name)) : [...base.filter((name) => !dropped.has(name)), ...add];
  const asked = new Set(wanted.filter((name) => name !== 'ALL'));
  const everything = security?.privileged === true || add.includes('ALL');
  const lacking = (everything ? [...asked] : add).filter((name) => !bounding.has(name));
  return {
    value: ALL_CAPABILITIES.filter((name) => asked.has(name) && bounding.has(name)),
    warnings: lacking.length === 0 ? [] : [`Capabilities not given because the daemon itself lacks them: ${lacking.join(', ')}`],
  };
}

function normalise(word: string): string {
  const upper = word.toUpperCase();
  if (upper === 'ALL') return upper;
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!ALL_CAPABILITIES.includes(name)) throw invalid('capability', `unknown capability "${word}"; see capabilities(7)`);
  return name;
}
