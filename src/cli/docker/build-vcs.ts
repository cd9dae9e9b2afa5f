import { execFile } from 'node:child_process';

/** Of which commit of which repository a folder is. */
export interface SourceVersion {
  /** Where it was fetched from, without user and password; undefined for a repository that was fetched from nowhere. */
  readonly remote: string | undefined;
  readonly commit: string;
  /** Some of its files are not those of the commit. */
  readonly isChanged: boolean;
}

/** What git says of a folder; undefined where it is in no repository, or there is no git. */
export async function sourceVersion(folder: string, environment: NodeJS.ProcessEnv): Promise<SourceVersion | undefined> {
  const ask = (...words: readonly string[]) => git(folder, environment, words);
  const commit = await ask('rev-parse', '--verify', 'HEAD');
  if (commit === undefined || !/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
  const remotes = (await ask('remote'))?.split('\n') ?? [];
  const name = remotes.includes('origin') ? 'origin' : remotes[0];
  const [remote, changes] = await Promise.all([name ? ask('remote', 'get-url', name) : undefined, ask('status', '--porcelain', '--', '.')]);
  return { remote: remote === undefined ? undefined : withoutLogin(remote), commit, isChanged: changes !== '' };
}

/** The answer without the end of its line; undefined where git says no. */
function git(folder: string, environment: NodeJS.ProcessEnv, words: readonly string[]): Promise<string | undefined> {
  // Nothing is written into the repository by looking at it.
  const env = { ...environment, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };
  return new Promise((resolve) => {
    // Whatever keeps git from answering, there is nothing to tell then.
    execFile('git', ['-C', folder, ...words], { env, maxBuffer: 64 * 2 ** 20 }, (error, output) => resolve(error === null ? output.trimEnd() : undefined));
  });
}

function withoutLogin(remote: string): string {
  const url = URL.parse(remote);
  if (url === null) return remote;
  [url.username, url.password] = ['', ''];
  return url.href;
}
