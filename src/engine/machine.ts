import { existsSync, type Stats } from 'node:fs';
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isSystemError } from '#kit';
import type { Linux } from '#linux';
import type { Machine } from './spec/machine.ts';
import { invalid } from './errors.ts';
import type { GivenDevice, OciDevice } from './spec/devices.ts';
import { lackingFields } from './spec/lacking.ts';
import type { DeviceSpec } from './types.ts';

const INIT_PROGRAMS = [
  '/usr/bin/catatonit',
  '/usr/libexec/podman/catatonit',
  '/usr/bin/tini-static',
  '/usr/bin/tini',
  '/usr/bin/docker-init',
  '/usr/libexec/docker/docker-init',
];
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** What this machine can give containers. */
export async function readMachine(linux: Linux): Promise<Machine> {
  const [bounding, noFileLimit, own] = await Promise.all([
    linux.capabilities.bounding(),
    linux.capabilities.noFileLimit(),
    readFile('/proc/self/oom_score_adj', 'utf8'),
  ]);
  const initPath = INIT_PROGRAMS.find((path) => existsSync(path));
  return {
    bounding,
    noFileLimit,
    cgroupVersion: linux.cgroups.version,
    swapAccounting: linux.cgroups.version === 2 || existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'),
    cgroupNamespaces: existsSync('/proc/self/ns/cgroup'),
    oomScoreMin: bounding.has('CAP_SYS_RESOURCE') ? -1000 : Number(own.trim()),
    ...(initPath === undefined ? {} : { initPath }),
    lacking: lackingFields(linux.cgroups.version, existsSync),
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
  };
}

/** The machine's device nodes, for privileged containers; terminals and what every container gets anyway are left out. */
export async function readDevices(folder = '/dev'): Promise<readonly OciDevice[]> {
  const devices: OciDevice[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !['pts', 'shm', 'mqueue', 'fd', 'hugepages'].includes(entry.name)) devices.push(...(await readDevices(path)));
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) continue;
    if (['console', 'tty', 'ptmx', 'null', 'zero', 'full', 'random', 'urandom'].includes(entry.name)) continue;
    devices.push(deviceOf(path, await lstat(path)));
  }
  return devices;
}

/** What the user gave of the machine's devices, as they are now; of a folder all that are in it. Errors: `ENGINE_INVALID`. */
export async function givenDevices(specs: readonly DeviceSpec[]): Promise<readonly GivenDevice[]> {
  const lists = await Promise.all(
    specs.map(async ({ source, target, access }): Promise<readonly GivenDevice[]> => {
      const stats = await stat(source).catch((error: unknown) => {
        throw isSystemError(error, 'ENOENT') ? invalid('device', `error gathering device information: ${source}: no such file or directory`) : error;
      });
      if (stats.isDirectory()) {
        const inside = await readDevices(source);
        return inside.map((device) => ({ device: { ...device, path: join(target, relative(source, device.path)) }, access }));
      }
      if (!stats.isCharacterDevice() && !stats.isBlockDevice()) throw invalid('device', `${source} is not a device node`);
      return [{ device: deviceOf(target, stats), access }];
    }),
  );
  return lists.flat();
}

function deviceOf(path: string, stats: Stats): OciDevice {
  const { rdev, mode, uid, gid } = stats;
  return { path, type: stats.isBlockDevice() ? 'b' : 'c', ...numbersOf(rdev), fileMode: mode & 0o777, uid, gid };
}

/** Linux's 32-bit encoding of a device number, as stat(2) gives it. */
export function numbersOf(rdev: number): { readonly major: number; readonly minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}
