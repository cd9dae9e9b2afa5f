import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { eraseTree } from '#kit';
import { bytesIn } from '../cache/mounts.ts';
import { folderOfCheckout, Git } from '../context/git.ts';
import { parseGitPlace } from '../context/git-place.ts';
import { BuildStepError } from '../errors.ts';
import type { GitOperation } from '../plan/graph.ts';
import { keyOf } from '../plan/keys.ts';
import { publicAddress } from '../attest/provenance.ts';
import type { BuildSession } from '../session.ts';
import type { Fetched } from './fetched.ts';

/** Checks a repository out, or takes the commit that was checked out before. Errors: `BUILD_STEP_FAILED`. */
export async function fetchGit(session: BuildSession, { url, checksum, ...operation }: GitOperation): Promise<Fetched> {
  const { cache } = session.rooms;
  const place = parseGitPlace(url);
  const git = new Git({ programPath: session.options.programPath, signal: session.signal });
  const found = await git.commitOf(place);
  const { commit } = found;
  const keepGitFolder = operation.keepGitFolder || place.keepGitFolder === true;
  if (checksum !== undefined && !commit.startsWith(checksum.replace(/^sha1:/, '')))
    throw new BuildStepError(`ADD failed: ${url} is at commit ${commit}, and --checksum says ${checksum}`);
  session.materials.push({ uri: publicAddress(url), digest: { gitCommit: commit } });
  const key = keyOf(['git', place.repository, commit, keepGitFolder, ...(place.submodules === false ? ['no submodules'] : [])]);
  session.holdCached(key);
  if (session.request.noCache || !(await cache.find(key, 'files'))) {
    const folder = await session.newFolder();
    await git.checkOut(place, found, join(folder, 'tree'), keepGitFolder);
    const target = cache.folderOf(key);
    await eraseTree(target);
    await mkdir(join(target, '..'), { recursive: true });
    await rename(folder, target);
    await cache.remember(
      key,
      { what: `ADD ${url}`, bytes: await bytesIn(target), created_ms: session.options.clock.now() },
      { kind: 'files', facts: { commit } },
    );
  }
  return {
    root: await folderOfCheckout(join(cache.folderOf(key), 'tree'), place),
    name: undefined,
    hash: `${commit} ${place.folder} ${keepGitFolder}${place.submodules === false ? ' no submodules' : ''}`,
    what: url,
  };
}
