import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Logger } from '#kit';
import { ENVIRONMENT } from '../command.ts';

/** Ends with the daemon, since its input does, however the daemon ends. */
const KEEPER = 'umount -n /sys/fs/cgroup/unified && echo ready && exec cat >/dev/null';
const NEW_FOR_EACH_CALL = ['/usr/bin/unshare', '-m', '--propagation', 'slave', '/bin/sh', '-c', 'umount -n /sys/fs/cgroup/unified && exec "$@"', 'sh'];
const ROOT = '/';

/** Words that are put before the runtime's own; held until the runtime has begun to work. */
export interface Surrounding extends Disposable {
  readonly words: readonly string[];
}

/** One mount namespace, held open by a process that stands in it. */
interface Kept {
  readonly keeper: ChildProcess;
  /** The mounts that it would not hear of, as they were when it was made. */
  readonly apart: string;
  users: number;
}

/**
 * The mount namespace in which the runtime finds a tree of control groups that it accepts (see `Runtime`). It is made once
 * and kept while the machine's mounts reach it: the changes below a shared mount do by themselves, and for others it is
 * made anew. While a mount stands apart that it would hold on to (a container's root, a namespace), each call gets its own.
 */
export class Surroundings {
  readonly #logger: Logger;
  #kept: Kept | undefined;
  #making: Promise<void> | undefined;

  constructor(options: { readonly logger: Logger }) {
    this.#logger = options.logger;
  }

  async enter(): Promise<Surrounding> {
    const apart = mountsApart(await readFile('/proc/self/mountinfo', 'utf8'));
    if (this.#kept?.apart !== apart) await this.#renew(apart);
    const kept = this.#kept;
    if (kept === undefined || kept.apart !== apart) return { words: NEW_FOR_EACH_CALL, [Symbol.dispose]: () => undefined };
    kept.users += 1;
    const leave = () => {
      kept.users -= 1;
      if (kept !== this.#kept && kept.users === 0) kept.keeper.stdin?.end();
    };
    return { words: ['/usr/bin/nsenter', `--mount=/proc/${kept.keeper.pid}/ns/mnt`], [Symbol.dispose]: leave };
  }

  /** One at a time; whoever comes meanwhile waits for it, and looks whether it is what he needs. */
  async #renew(apart: string): Promise<void> {
    this.#making ??= this.#make(apart).finally(() => (this.#making = undefined));
    await this.#making;
  }

  async #make(apart: string): Promise<void> {
    this.close();
    if (holdsOn(apart)) return;
    try {
      this.#kept = { keeper: await this.#startKeeper(), apart, users: 0 };
    } catch (error) {
      this.#logger.warn('cannot keep a mount namespace for the runtime: each call gets its own', { error });
    }
  }

  #startKeeper(): Promise<ChildProcess> {
    const keeper = spawn('/usr/bin/unshare', ['-m', '--propagation', 'slave', '/bin/sh', '-c', KEEPER], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: ENVIRONMENT,
      cwd: '/',
      detached: true,
    });
    // It holds a namespace, not the daemon: when that ends, so does the keeper's input.
    keeper.unref();
    for (const stream of [keeper.stdin, keeper.stdout]) if (stream instanceof Socket) stream.unref();
    keeper.stdin.on('error', (error) => this.#logger.debug('the keeper of a mount namespace is gone', { error }));
    return new Promise((resolve, reject) => {
      keeper.once('error', reject);
      keeper.once('exit', (code, signal) => {
        if (this.#kept?.keeper === keeper) this.#kept = undefined;
        reject(new Error(`its keeper ended with code ${code}, signal ${signal}`));
      });
      keeper.stdout.once('data', () => resolve(keeper));
    });
  }

  /** Lets go of the namespace; those who are in it stay. */
  close(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept?.users === 0) kept.keeper.stdin?.end();
  }

  /** Makes it now, so that the first call needn't wait. */
  async warm(): Promise<void> {
    (await this.enter())[Symbol.dispose]();
  }
}

/** The lines of proc_pid_mountinfo(5) whose mount a namespace with slave mounts does not hear of: those on a mount that is not shared. Pure. */
export function mountsApart(text: string): string {
  const lines = text.split('\n').filter(Boolean);
  const shared = new Set(lines.filter((line) => /\sshared:\d+\s.*- /.test(line)).map((line) => line.split(' ', 1)[0]));
  return lines.filter((line) => !shared.has(line.split(' ', 2)[1])).join('\n');
}

/** Whether one of these mounts must not be held on to: its owner takes it away and counts on its being gone. Pure. */
export function holdsOn(apart: string): boolean {
  return apart.split('\n').some((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const target = before.split(' ')[4];
    return target !== ROOT && /^(overlay|nsfs) /.test(after);
  });
}
