import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { openLinux } from '#linux';
import { NO_REGISTRIES, openImageStore } from './index.ts';
import type { Layer, TreeCopyItem } from './types.ts';

// Runs itself again in namespaces of its own, so that no mount of it is seen outside.
const isInside = process.env.GANTRY_TEST_NAMESPACE === 'take';
if (!isInside) {
  test('trees given to snapshots, in a mount namespace of its own', { skip: process.getuid?.() === 0 ? false : 'needs root' }, () => {
    const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env;
    const result = spawnSync('unshare', ['-m', '-n', '--propagation', 'private', process.execPath, '--test', import.meta.filename], {
      env: { ...environment, GANTRY_TEST_NAMESPACE: 'take' },
      encoding: 'utf8',
    });
    assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
  });
}

const BELOW =
  'mkdir -p app/old app/kept real && echo below > app/old/file && echo below > app/replaced && ln -s real link && ln -s nowhere app/dangling && echo x > real/below';
const TREE = `mkdir -p new/deep link old && echo 1 > top && echo 2 > new/file && echo 3 > new/deep/file && ln new/file new/deep/twin && ln new/file twin
  ln -s top new/symlink && mkfifo new/pipe && echo over > replaced && echo a > old/file && echo b > old/other && echo c > dangling && echo l > link/through
  chmod 4755 new/file && chmod 700 new/deep && chmod 750 old && echo no > new/left.out && touch -d @1000000 new/file old top && setfattr -n user.colour -v red top 2>/dev/null || :`;
/** Times of folders that merely hold what was copied are those of the copying. */
const LATEST_MS = 900_000_000_000;

const CASES: Readonly<Record<string, Omit<TreeCopyItem, 'path'>>> = {
  'into a folder of a layer below': { folder: '/app', owner: { uid: 0, gid: 0 } },
  'into the root, through a link in it': { folder: '/', owner: { uid: 0, gid: 0 } },
  'into a new folder': { folder: '/else/where', owner: { uid: 0, gid: 0 } },
  'under a name': { folder: '/app', name: 'named', owner: { uid: 0, gid: 0 } },
  'with another owner': { folder: '/app', owner: { uid: 7, gid: 8 }, folderOwner: { uid: 7, gid: 8 } },
  'with another mode': { folder: '/app', owner: { uid: 0, gid: 0 }, mode: { octal: 0o640 } },
  'with something left out': { folder: '/app', owner: { uid: 0, gid: 0 }, excludes: ['new/[^/]*\\.out', 'new/deep'] },
};

test('a tree that is given away makes the layer that its copy makes, and its files are not copied', { skip: !isInside }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-test-take-'));
  const store = await openImageStore({
    dataDir: folder,
    linux: openLinux(),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    registries: NO_REGISTRIES,
  });
  const { images, snapshots } = store;
  const script = (at: string, text: string) => execFileSync('sh', ['-c', `mkdir -p ${at} && cd ${at} && ${text}`]);
  const layerOf = async (key: string, below: readonly Layer[], use: (root: string) => Promise<void>) => {
    await snapshots.prepareLayers(key, below);
    await use(await snapshots.mount(key));
    return await snapshots.seal(key, { latest_ms: LATEST_MS });
  };
  try {
    const base = await layerOf('base', [], async (root) => void script(root, BELOW));
    for (const [what, how] of Object.entries(CASES)) {
      const [mine, given] = [join(folder, 'build', `${what}-a`.replaceAll(' ', '-')), join(folder, 'build', `${what}-b`.replaceAll(' ', '-'))];
      for (const at of [mine, given]) script(at, TREE);
      const copied = await layerOf('copied', [base], (root) => images.trees.copy(root, [{ ...how, path: mine }]));
      const taken = await layerOf('taken', [base], () => snapshots.take('taken', { ...how, path: given }));
      assert.equal(taken.diffId, copied.diffId, what);
    }
    const tree = join(folder, 'build', 'last');
    script(tree, TREE);
    await snapshots.prepareLayers('last', [base]);
    await snapshots.take('last', { path: tree, folder: '/app', owner: { uid: 0, gid: 0 } });
    const layer = await snapshots.seal('last');
    const top = lstatSync(join(tree, 'top'));
    assert.equal(top.nlink, 2, 'the layer has the same file');
    await snapshots.prepareLayers('over', [base, layer]);
    const root = await snapshots.mount('over');
    assert.deepEqual(readdirSync(join(root, 'app')).sort(), ['dangling', 'kept', 'link', 'new', 'old', 'replaced', 'top', 'twin']);
    execFileSync('sh', ['-c', `echo changed > ${root}/app/top`]);
    assert.equal(readFileSync(join(tree, 'top'), 'utf8'), '1\n', 'who writes in a container writes to a copy');
    await snapshots.remove('over');
  } finally {
    for (const key of await snapshots.list()) await snapshots.remove(key);
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
