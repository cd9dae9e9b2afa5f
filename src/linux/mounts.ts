import { readFile } from 'node:fs/promises';
import { mountOptionsTooLong, SystemCallError } from './errors.ts';
import { checked, type Libc } from './libc.ts';
import type { MountEntry, MountFlag, MountRequest, Mounts } from './types.ts';

const FLAGS: Readonly<Record<MountFlag, number>> = {
  ro: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  sync: 0x10,
  remount: 0x20,
  dirsync: 0x80,
  noatime: 0x400,
  nodiratime: 0x800,
  bind: 0x1000,
  rec: 0x4000,
  private: 0x40000,
  slave: 0x80000,
  shared: 0x100000,
  relatime: 0x200000,
  strictatime: 0x1000000,
};
const PROPAGATION: readonly MountFlag[] = ['private', 'slave', 'shared'];
const MNT_DETACH = 2;
const [EINVAL, ENOENT] = [22, 2];

/** Mounts by mount(2) and umount2(2). */
export function createMounts(libc: Libc): Mounts {
  const bitsOf = (flags: readonly MountFlag[]) => flags.reduce((sum, flag) => sum | FLAGS[flag], 0);
  let last = Promise.resolve();
  return {
    turn() {
      last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
      return last;
    },
    mount(request) {
      for (const flags of stepsOf(request)) {
        const result = libc.mount(request.source, request.target, request.type ?? null, bitsOf(flags), request.options ?? null);
        checked(libc, result, 'mount', wordsOf(request, flags));
      }
    },
    async mountInBackground(request) {
      for (const flags of stepsOf(request)) {
        await new Promise<void>((resolve, reject) => {
          libc.mount.async(request.source, request.target, request.type ?? null, bitsOf(flags), request.options ?? null, (error, result) => {
            if (error) reject(error);
            else if (result < 0) reject(new SystemCallError(wordsOf(request, flags), 'mount', libc.errno()));
            else resolve();
          });
        });
      }
    },
    unmount(target) {
      if (libc.umount2(target, MNT_DETACH) === 0) return;
      const errno = libc.errno();
      if (errno !== EINVAL && errno !== ENOENT) throw new SystemCallError(`unmount ${target}`, 'umount2', errno);
    },
    async list() {
      return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
    },
  };
}

/** Errors: `MOUNT_OPTIONS_TOO_LONG`. */
function stepsOf({ target, flags = [], options = '' }: MountRequest): readonly (readonly MountFlag[])[] {
  const bytes = Buffer.byteLength(options);
  if (bytes > 4095) throw mountOptionsTooLong(target, bytes);
  return mountSteps(flags);
}

function wordsOf({ source, target }: MountRequest, flags: readonly MountFlag[]): string {
  return `mount ${source} on ${target}${flags.length > 0 ? ` (${flags.join(', ')})` : ''}`;
}

/**
 * The calls that a set of flags takes: mount(2) ignores `ro` and its like on a first bind, and takes a change of
 * propagation only alone.
 */
export function mountSteps(flags: readonly MountFlag[]): readonly (readonly MountFlag[])[] {
  const propagation = flags.filter((flag) => PROPAGATION.includes(flag));
  const recursive: readonly MountFlag[] = flags.includes('rec') ? ['rec'] : [];
  const rest = flags.filter((flag) => !PROPAGATION.includes(flag));
  const restrictions = rest.filter((flag) => flag !== 'bind' && flag !== 'rec' && flag !== 'remount');
  const steps: (readonly MountFlag[])[] = [];
  if (flags.includes('bind') && !flags.includes('remount')) {
    steps.push(['bind', ...recursive]);
    if (restrictions.length > 0) steps.push(['bind', 'remount', ...restrictions]);
  } else if (propagation.length === 0 || rest.some((flag) => flag !== 'rec')) {
    steps.push(rest);
  }
  for (const flag of propagation) steps.push([flag, ...recursive]);
  return steps;
}

/** Parses proc_pid_mountinfo(5). Options are the mount's own, then the file system's. */
export function parseMountInfo(text: string): MountEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [id = '', parent = '', device = '', , target = '', options = '', ...tags] = before.split(' ');
      const [type = '', source = '', superOptions = ''] = after.split(' ');
      return {
        id: Number(id),
        parent: Number(parent),
        device,
        shared: tags.some((tag) => tag.startsWith('shared:')),
        target: unescapeOctal(target),
        type,
        source: unescapeOctal(source),
        options: `${options},${unescapeOctal(superOptions)}`,
      };
    });
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
