import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync, chmodSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BUSYBOX = '/bin/busybox';

/** The tar of a root file system made of Debian's busybox-static alone, for `docker import`. */
export function busyboxTar(): Buffer {
  const root = mkdtempSync(join(tmpdir(), 'gantry-busybox-'));
  try {
    for (const folder of ['bin', 'etc', 'tmp', 'root', 'usr/bin', 'home/app']) mkdirSync(join(root, folder), { recursive: true });
    chmodSync(root, 0o755);
    chmodSync(join(root, 'tmp'), 0o1777);
    copyFileSync(BUSYBOX, join(root, 'bin/busybox'));
    chmodSync(join(root, 'bin/busybox'), 0o755);
    for (const name of run([BUSYBOX, '--list']).toString().split('\n').filter(Boolean))
      if (!existsSync(join(root, 'bin', name))) symlinkSync('busybox', join(root, 'bin', name));
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n');
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\napp:x:1000:\n');
    return run(['tar', '--numeric-owner', '--owner=0', '--group=0', '-C', root, '-cf', '-', '.']);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function run([program = '', ...rest]: readonly string[]): Buffer {
  const { status, stdout, stderr, error } = spawnSync(program, rest, { maxBuffer: 64 * 1024 * 1024 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ended with exit status ${status}: ${stderr.toString()}`);
  return stdout;
}
