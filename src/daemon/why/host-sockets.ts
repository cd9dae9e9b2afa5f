import { readdir, readFile, readlink } from 'node:fs/promises';
import { isSystemError } from '#kit';
import { waitingSockets } from './sockets.ts';
import type { Listener, WhyProtocol } from './types.ts';

/** Errors by which a process says that it has ended, or that it is not this user's. */
const UNSEEN = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'] as const;

/** What waits for packets in the network namespace of a process (`self` for one's own), still without names. */
export async function socketsOf(pid: number | 'self', protocol: WhyProtocol) {
  const texts = await Promise.all(['', '6'].map((suffix) => read(`/proc/${pid}/net/${protocol}${suffix}`)));
  return texts.flatMap((text) => waitingSockets(text, protocol));
}

/** Whose sockets they are: by inode, for those that this user may see. A socket that several processes share is the first one's. */
export async function ownersOf(inodes: ReadonlySet<string>): Promise<ReadonlyMap<string, Pick<Listener, 'pid' | 'program'>>> {
  const owners = new Map<string, Pick<Listener, 'pid' | 'program'>>();
  if (inodes.size === 0) return owners;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).toSorted((a, b) => Number(a) - Number(b));
  for (const pid of pids) {
    for (const inode of await socketInodes(pid))
      if (inodes.has(inode) && !owners.has(inode)) owners.set(inode, { pid: Number(pid), program: (await read(`/proc/${pid}/comm`)).trim() });
  }
  return owners;
}

async function socketInodes(pid: string): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await ifSeen(readdir(folder), []);
  const links = await Promise.all(names.map((name) => ifSeen(readlink(`${folder}/${name}`), '')));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

/** The text of a file of /proc; empty where the process has ended. */
export function read(path: string): Promise<string> {
  return ifSeen(readFile(path, 'utf8'), '');
}

/** Which network namespace a process stands in; empty where it has ended. */
export function namespaceOf(pid: number | 'self'): Promise<string> {
  return ifSeen(readlink(`/proc/${pid}/ns/net`), '');
}

async function ifSeen<T>(reading: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (UNSEEN.some((code) => isSystemError(error, code))) return otherwise;
    throw error;
  }
}
