import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '#kit';
import { resolveInRoot, lstatMaybe } from '../copy/root-path.ts';
import { BuildStepError } from '../errors.ts';
import { type GitPlace, isCommit, refNames } from './git-place.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A commit, and the name that led to it; none where the commit itself was named. */
export interface GitCommit {
  readonly commit: string;
  readonly name: string | undefined;
}

/** The machine's git, which asks nobody and reads nobody's settings. */
export class Git {
  readonly #path: string;
  readonly #signal: AbortSignal;

  constructor(options: { readonly programPath: string | undefined; readonly signal: AbortSignal }) {
    this.#path = options.programPath ?? DEFAULT_PATH;
    this.#signal = options.signal;
  }

  /** What a place stands for in its repository: a branch before a tag of the same name. Errors: `BUILD_STEP_FAILED`. */
  async commitOf({ repository, ref, checksum }: GitPlace): Promise<GitCommit> {
    if (isCommit(ref)) return { commit: ref, name: undefined };
    const names = refNames(ref);
    const lines = (await this.#run(['ls-remote', '--', repository, ...names, ...names.map((name) => `${name}^{}`)])).trim().split('\n');
    // The program answers with every name that ends so.
    const commits = new Map(lines.map((line) => line.split('\t')).map(([commit = '', name = '']) => [name, commit] as const));
    const name = names.find((one) => commits.has(one));
    // A signed tag is an object of its own: what it points at is meant.
    const commit = name === undefined ? undefined : (commits.get(`${name}^{}`) ?? commits.get(name));
    if (name === undefined || commit === undefined || !isCommit(commit))
      throw new BuildStepError(`Cannot find "${ref === '' ? 'HEAD' : ref}" in the repository ${repository}`);
    if (checksum !== undefined && !commit.startsWith(checksum))
      throw new BuildStepError(`The repository ${repository} has commit ${commit} at ${name}, and the address says ${checksum}`);
    return { commit, name };
  }

  /** Puts one commit into the new folder `target`. Errors: `BUILD_STEP_FAILED`. */
  async checkOut(place: GitPlace, { commit, name }: GitCommit, target: string, keepGitFolder: boolean): Promise<void> {
    await mkdir(target, { recursive: true, mode: 0o755 });
    const inside = ['-C', target];
    await this.#run([...inside, 'init', '--quiet', '--initial-branch=main', ...(commit.length === 64 ? ['--object-format=sha256'] : [])]);
    await this.#run([...inside, 'remote', 'add', 'origin', '--', place.repository]);
    try {
      await this.#run([...inside, 'fetch', '--quiet', '--depth=1', 'origin', commit]);
    } catch (error) {
      // A server may give names only, and all of what led to them: then the name that led to the commit is asked for.
      if (!(error instanceof BuildStepError) || name === undefined) throw error;
      await this.#run([...inside, 'fetch', '--quiet', 'origin', '--', name]);
    }
    await this.#run([...inside, 'checkout', '--quiet', '--detach', commit]);
    if (place.submodules !== false) await this.#run([...inside, 'submodule', 'update', '--quiet', '--init', '--recursive', '--depth=1']);
    if (!keepGitFolder) await rm(join(target, '.git'), { recursive: true });
  }

  async #run(words: readonly string[]): Promise<string> {
    const environment = {
      PATH: this.#path,
      LC_ALL: 'C',
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ALLOW_PROTOCOL: 'http:https:git:ssh',
    };
    const child = spawn('git', ['-c', 'protocol.file.allow=never', ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: environment, signal: this.#signal });
    let [output, problem] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (problem = (problem + text).slice(-2000)));
    const code = await new Promise<number>((resolve, reject) => child.once('error', reject).once('close', (status) => resolve(status ?? 1))).catch(
      (error: unknown) => {
        if (isSystemError(error, 'ENOENT'))
          throw new BuildStepError('Cannot read a git repository: the program git is not on this machine; install it, or send the files in the context', {
            cause: error,
          });
        throw error;
      },
    );
    if (code !== 0)
      throw new BuildStepError(
        `git ${words
          .filter((word) => !word.startsWith('-'))
          .slice(0, 2)
          .join(' ')} failed: ${problem.trim()}`,
      );
    return output;
  }
}

/** A folder of a checked-out repository; links never lead out of it. Errors: `BUILD_STEP_FAILED`. */
export async function folderOfCheckout(root: string, place: GitPlace): Promise<string> {
  if (place.folder === '') return root;
  const path = await resolveInRoot(root, place.folder);
  if (!(await lstatMaybe(path))?.isDirectory()) throw new BuildStepError(`There is no folder "${place.folder}" in the repository ${place.repository}`);
  return path;
}
