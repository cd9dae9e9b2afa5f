import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, type Random } from '#kit';
import type { Linux } from '#linux';
import type { Finding } from './types.ts';

const run = promisify(execFile);
const MEMORY_LIMIT_BYTES = 32 * 1024 * 1024;

/** Does what Gantry will do, on a small scale, and undoes it: an overlay mount, a veth pair, an nftables load, a crun start. */
export async function tryKernel(linux: Linux, random: Random): Promise<Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-doctor-'));
  const mark = random.hex(6);
  try {
    return [
      await trial('overlay mount', 'the kernel module overlay is needed', () => tryOverlay(linux, folder)),
      await trial('veth pair', 'the kernel module veth is needed', () => tryVeth(linux, mark, folder)),
      await trial('nftables load', 'the kernel module nf_tables is needed', () => tryNftables(linux, mark)),
      await trial('crun with a memory limit', 'crun, the memory controller and seccomp are needed', () => tryCrun(linux, mark, folder)),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function trial(name: string, advice: string, attempt: () => Promise<string>): Promise<Finding> {
  try {
    return { name, ok: true, detail: await attempt() };
  } catch (error) {
    return { name, ok: false, detail: messageOf(error), remedy: { kind: 'advice', advice } };
  }
}

async function tryOverlay(linux: Linux, folder: string): Promise<string> {
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => join(folder, name)) as [string, string, string, string];
  await Promise.all([lower, upper, work, merged].map((path) => mkdir(path)));
  linux.mounts.mount({ source: 'overlay', target: merged, type: 'overlay', options: `lowerdir=${lower},upperdir=${upper},workdir=${work}` });
  try {
    await writeFile(join(merged, 'written'), 'x');
  } finally {
    linux.mounts.unmount(merged);
  }
  return 'mounted, written to, unmounted';
}

async function tryVeth(linux: Linux, mark: string, folder: string): Promise<string> {
  const namespace = join(folder, 'namespace');
  await linux.namespaces.create(namespace);
  try {
    await linux.links.batch([`link add gd${mark}a type veth peer name gd${mark}b`, `link set gd${mark}a up`, `link del gd${mark}a`], { namespace });
  } finally {
    await linux.namespaces.remove(namespace);
  }
  return 'made in a namespace of its own, removed';
}

async function tryNftables(linux: Linux, mark: string): Promise<string> {
  const table = `gantry_doctor_${mark}`;
  try {
    await linux.nftables.apply(`table inet ${table} { chain nat { type nat hook prerouting priority -100; tcp dport 1 redirect to :2; }; }\n`);
  } finally {
    await linux.nftables.deleteTable('inet', table);
  }
  return 'a table with an address translation loaded, removed';
}

async function tryCrun(linux: Linux, mark: string, folder: string): Promise<string> {
  const cgroup = `gantry-doctor-${mark}`;
  const bundle = join(folder, 'bundle');
  const root = join(folder, 'crun');
  await mkdir(join(bundle, 'rootfs', 'usr'), { recursive: true });
  await writeFile(join(bundle, 'config.json'), JSON.stringify(doctorSpec(cgroup)));
  const crun = ['crun', '--root', root, '--cgroup-manager', 'cgroupfs', 'run', '--bundle', bundle, `doctor-${mark}`];
  // crun 1.8 refuses a tree of both versions; in a mount namespace without the second it works.
  const script = linux.cgroups.hybridWithControllers ? 'umount /sys/fs/cgroup/unified && exec "$@"' : 'exec "$@"';
  try {
    await run('unshare', ['--mount', 'sh', '-c', script, 'doctor', ...crun], { timeout: 20_000 });
  } finally {
    await linux.cgroups.remove(cgroup);
  }
  return `started and ended within ${MEMORY_LIMIT_BYTES} bytes of memory`;
}

/** The machine's own /usr, read-only, running `true`. */
function doctorSpec(cgroup: string): object {
  const bind = (path: string) => ({ destination: path, type: 'bind', source: path, options: ['rbind', 'ro'] });
  const dev = { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] };
  return {
    ociVersion: '1.0.2',
    process: { user: { uid: 0, gid: 0 }, args: ['/bin/true'], cwd: '/', env: ['PATH=/usr/bin:/bin'], noNewPrivileges: true },
    root: { path: 'rootfs' },
    mounts: [
      bind('/usr'),
      bind('/bin'),
      bind('/lib'),
      ...(process.arch === 'x64' ? [bind('/lib64')] : []),
      { destination: '/proc', type: 'proc', source: 'proc' },
      dev,
    ],
    linux: {
      cgroupsPath: `/${cgroup}`,
      resources: { memory: { limit: MEMORY_LIMIT_BYTES } },
      namespaces: ['pid', 'mount', 'ipc', 'uts', 'network'].map((type) => ({ type })),
      seccomp: { defaultAction: 'SCMP_ACT_ALLOW' },
    },
  };
}
