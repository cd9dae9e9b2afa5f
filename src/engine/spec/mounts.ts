import type { ContainerRecord } from '../container.ts';
import type { MountSpec } from '../types.ts';

/** An entry of `mounts` (OCI runtime specification). */
export interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Files that the engine writes for the container and binds over the image's. */
export interface BoundFiles {
  readonly hostname?: string;
  readonly hosts?: string;
  readonly resolvConf?: string;
  readonly initPath?: string;
  /** Shared memory of another container, or of this one for others. */
  readonly shm?: string;
  /** The machine's message queues, where it shows them. */
  readonly queues?: string;
  /** Where mounts come from whose source is known at start only, by their targets. */
  readonly sources?: ReadonlyMap<string, string>;
}

const STILL = ['nosuid', 'noexec', 'nodev'];
export const DEFAULT_SHM_BYTES = 64 * 1024 * 1024;
export const INIT_INSIDE = '/sbin/docker-init';

/** All mounts of a container, parents before children. Pure. */
export function mountsOf(record: ContainerRecord, files: BoundFiles): readonly OciMount[] {
  const { spec } = record;
  const privileged = spec.security?.privileged ?? false;
  const user = record.mounts.map((mount) => userMount(mount, spec.mounts ?? [], files.sources?.get(mount.target) ?? mount.source));
  const taken = new Set(user.map(({ destination }) => destination));
  const own = [...systemMounts(privileged), ...sharedMemory(spec, files), ...boundFiles(files, spec.readOnlyRoot === true && !privileged)];
  return [...own.filter(({ destination }) => !taken.has(destination)), ...user.toSorted((a, b) => depth(a.destination) - depth(b.destination))];
}

function systemMounts(privileged: boolean): OciMount[] {
  const access = privileged ? [] : ['ro'];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: STILL },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...STILL, ...access] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...STILL, ...access] },
  ];
}

/** What belongs to the namespace of inter-process communication: message queues and shared memory. */
function sharedMemory({ namespaces, shmSize_bytes }: ContainerRecord['spec'], files: BoundFiles): OciMount[] {
  const bound = (destination: string, source: string): OciMount => ({ destination, type: 'bind', source, options: ['rbind', 'rprivate', ...STILL] });
  if (namespaces?.ipc === 'host') return [...(files.queues ? [bound('/dev/mqueue', files.queues)] : []), bound('/dev/shm', '/dev/shm')];
  const queues = { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: STILL };
  if (namespaces?.ipc === 'none') return [queues];
  if (files.shm !== undefined) return [queues, bound('/dev/shm', files.shm)];
  const options = [...STILL, 'mode=1777', `size=${shmSize_bytes ?? DEFAULT_SHM_BYTES}`];
  return [queues, { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options }];
}

function boundFiles(files: BoundFiles, readOnly: boolean): OciMount[] {
  const places = [
    ['/etc/resolv.conf', files.resolvConf],
    ['/etc/hostname', files.hostname],
    ['/etc/hosts', files.hosts],
  ] as const;
  const mounts: OciMount[] = [];
  for (const [destination, source] of places)
    if (source !== undefined) mounts.push({ destination, type: 'bind', source, options: ['rbind', 'rprivate', ...(readOnly ? ['ro'] : [])] });
  if (files.initPath !== undefined) mounts.push({ destination: INIT_INSIDE, type: 'bind', source: files.initPath, options: ['bind', 'ro'] });
  return mounts;
}

function userMount(mount: ContainerRecord['mounts'][number], asked: readonly MountSpec[], source: string): OciMount {
  const spec = asked.find(({ target }) => target === mount.target);
  if (mount.type === 'tmpfs') {
    const options = spec?.type === 'tmpfs' && spec.options ? spec.options.split(',').filter(Boolean) : [];
    return {
      destination: mount.target,
      type: 'tmpfs',
      source: 'tmpfs',
      options: [...new Set(['nosuid', 'nodev', 'noexec', ...options])].filter(
        (word, _, all) => !all.includes(word.replace(/^no/, '')) || !word.startsWith('no'),
      ),
    };
  }
  const isAlone = mount.recursion === 'none';
  const wanted = mount.propagation ?? 'rprivate';
  // A recursive propagation makes the runtime bind recursively too.
  const propagation = isAlone ? wanted.replace(/^r/, '') : wanted;
  const bind = isAlone ? 'bind' : 'rbind';
  return { destination: mount.target, type: 'bind', source, options: [bind, propagation, accessOf(mount), ...(mount.restrictions ?? [])] };
}

/** Read-only goes for what is mounted below too (`rro`), unless the user has it otherwise. */
function accessOf({ readOnly, recursion, propagation = 'rprivate' }: ContainerRecord['mounts'][number]): string {
  if (!readOnly) return 'rw';
  return recursion === 'none' || recursion === 'read-only-top' || !propagation.endsWith('private') ? 'ro' : 'rro';
}

function depth(path: string): number {
  return path.split('/').filter(Boolean).length;
}
