import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { isSystemError } from '#kit';
import { busyboxTar } from './busybox.ts';
import { Conversation } from './conversation.ts';
import { startTestDaemon, type TestDaemon } from './daemon.ts';
import { type Outcome, output, type RunOptions } from './run.ts';
import { eventually } from './eventually.ts';

/** A command that says `ready`, goes on until it is told to stop, and then ends with 0. */
export const LASTING = ['sh', '-c', 'echo ready; trap "exit 0" TERM; while :; do sleep 0.05; done'] as const;

/** What stands on the machine because of a daemon; compared before and after what must leave nothing. */
export interface Footprint {
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly namespaces: readonly string[];
  readonly groups: readonly string[];
  readonly folders: readonly string[];
  readonly processes: readonly string[];
  readonly rules: readonly string[];
}

/** The real docker against a daemon of its own, which has the image `busybox`. */
export class Docker implements AsyncDisposable {
  readonly daemon: TestDaemon;

  constructor(daemon: TestDaemon) {
    this.daemon = daemon;
  }

  /** Standard output of a docker that must succeed. The line is split at blanks; further words are taken as they are. */
  run(line: string, ...words: readonly string[]): Promise<string> {
    return output(this.outcome(line, ...words));
  }

  /** The same with an input. */
  feed(input: string | Uint8Array, line: string, ...words: readonly string[]): Promise<string> {
    return output(this.daemon.docker([...line.split(' '), ...words], { input }));
  }

  outcome(line: string, ...words: readonly string[]): Promise<Outcome> {
    return this.daemon.docker([...line.split(' '), ...words]);
  }

  /** What is said on standard error by a docker that must fail. */
  async refused(line: string, ...words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.outcome(line, ...words);
    assert.notEqual(status, 0, `docker ${line} succeeded: ${stdout}`);
    return stderr;
  }

  /** The same with an input. */
  async refusedFeed(input: string, line: string, ...words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.daemon.docker([...line.split(' '), ...words], { input });
    assert.notEqual(status, 0, `docker ${line} succeeded: ${stdout}`);
    return stderr;
  }

  inside(command: readonly string[], options?: RunOptions): Promise<string> {
    return output(this.daemon.inside(command, options));
  }

  /** One line of `docker inspect -f`. */
  async inspect(name: string, format: string): Promise<string> {
    return (await this.run('inspect -f', format, name)).trimEnd();
  }

  /** A docker that goes on. */
  open(line: string, ...words: readonly string[]): Conversation {
    return new Conversation(this.daemon.spawn(['docker', ...line.split(' '), ...words]));
  }

  /** A docker on a terminal of 33 rows and 99 columns; it says its terminal's path first. */
  terminal(line: string): Conversation {
    return new Conversation(this.daemon.spawn(['script', '-qec', `stty rows 33 cols 99; tty; exec docker ${line}`, '/dev/null']));
  }

  async footprint(): Promise<Footprint> {
    const { folder } = this.daemon;
    const [mountinfo, links, rules] = await Promise.all([
      this.inside(['cat', '/proc/self/mountinfo']),
      this.inside(['ip', '-o', 'link']),
      this.inside(['nft', 'list', 'ruleset']),
    ]);
    const places = [
      'run/containers',
      'run/execs',
      'run/crun',
      'data/engine/containers',
      'data/engine/exits',
      'data/engine/build-context',
      'data/images/snapshots',
      'data/images/ingest',
      'data/images/uploads',
    ];
    const hierarchies = await namesIn('/sys/fs/cgroup');
    return {
      mounts: mountinfo
        .split('\n')
        .map((line) => line.split(' ')[4] ?? '')
        .filter((place) => place.startsWith(folder))
        .sort(),
      links: links.split('\n').map((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? ''),
      namespaces: await namesIn(join(folder, 'run/netns')),
      groups: (await Promise.all(hierarchies.map((name) => foldersIn(`/sys/fs/cgroup/${name}/gantry-${this.id}`)))).flat(),
      folders: (await Promise.all(places.map((place) => namesIn(join(folder, place))))).flat(),
      processes: await processesOf(folder),
      rules: rules.split('\n'),
    };
  }

  /**
   * The footprint once the folders of earlier builds and the links of earlier containers have gone: the daemon takes those away after its answer,
   * the kernel these a moment after their namespaces. For containers on one network each, and while nothing is built.
   */
  baseline(): Promise<Footprint> {
    return eventually('the links of earlier containers to go', async () => {
      if ((await namesIn(join(this.daemon.folder, 'data/engine/build-context'))).length > 0) return false;
      const found = await this.footprint();
      return found.links.filter((name) => name.startsWith('gv')).length <= found.namespaces.length && found;
    });
  }

  /** Waits until just what stood before stands again. Errors: what is left over. */
  async settled(before: Footprint): Promise<void> {
    await eventually('nothing to be left', async () => isDeepStrictEqual(await this.footprint(), before)).catch(async () => {
      assert.deepEqual(await this.footprint(), before);
    });
  }

  /** The daemon's own id, which its groups and links bear. */
  get id(): string {
    const identity: unknown = JSON.parse(readFileSync(join(this.daemon.dataDir, 'daemon.json'), 'utf8'));
    assert.ok(typeof identity === 'object' && identity !== null && 'id' in identity && typeof identity.id === 'string');
    return identity.id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
  }
}

/** Starts a daemon with engine and registry, and imports `busybox`. */
export async function startDocker(): Promise<Docker> {
  const docker = new Docker(await startTestDaemon(['--parts', 'engine,registry']));
  try {
    await docker.feed(busyboxTar(), 'import - busybox');
    // The first container brings the bridge, which then stays.
    await docker.run('run --rm busybox true');
  } catch (error) {
    await docker[Symbol.asyncDispose]();
    throw error;
  }
  return docker;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return [];
    throw error;
  }
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return [];
    throw error;
  }
}

/** Command lines that name the folder, but for the daemon's own. */
async function processesOf(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''); // it may have ended
    if (words.includes(folder) && !words.includes('/src/cli/main.ts')) found.push(words.split('\0')[0] ?? '');
  }
  return found.sort();
}
