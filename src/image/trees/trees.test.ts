import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, link, lstat, mkdir, mkdtemp, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { applyMode, parseMode } from './mode.ts';
import { INLINE_BYTES_MAX, type JobRunner } from '../jobs/runner.ts';
import { treesBy, treesHere } from './trees.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-test-trees-'));
after(() => rm(folder, { recursive: true }));
const trees = treesHere();

for (const [text, from, isFolder, expected] of [
  ['755', 0o644, false, 0o755],
  ['u=rwX,go=rX', 0o600, false, 0o644],
  ['u=rwX,go=rX', 0o600, true, 0o755],
  ['+x', 0o644, false, 0o755],
  ['a-w', 0o666, false, 0o444],
  ['u+s,g+s,+t', 0o755, false, 0o7755],
  ['u=rw', 0o4755, false, 0o655],
  ['go=', 0o777, false, 0o700],
  ['ug+r-x', 0o711, false, 0o641],
  ['g=u', 0o640, false, 0o660],
  ['go=u-w', 0o610, false, 0o644],
  ['o+g', 0o750, true, 0o755],
  ['000644', 0o600, false, 0o644],
] as const)
  test(`chmod ${text} of ${from.toString(8)}`, () => {
    const change = parseMode(text);
    assert.ok(change);
    assert.equal(applyMode(from, isFolder, change).toString(8), expected.toString(8));
  });
for (const text of ['', '8', '77777', 'u', 'q=r', 'u=z', '=,']) test(`${JSON.stringify(text)} is no mode`, () => assert.equal(parseMode(text), undefined));

/** A folder with one of each. */
async function make(name: string): Promise<string> {
  const root = join(folder, name);
  await mkdir(join(root, 'd'), { recursive: true });
  await writeFile(join(root, 'd/file'), 'text');
  await symlink('file', join(root, 'd/link'));
  return root;
}
const hash = async (path: string, excludes: readonly string[] = []) => (await trees.hash([{ path, name: '', excludes }], { owners: true })).digest;

for (const [what, change] of [
  ['content', (root: string) => writeFile(join(root, 'd/file'), 'tex2')],
  ['a mode', (root: string) => chmod(join(root, 'd/file'), 0o755)],
  ['a name', (root: string) => rename(join(root, 'd/file'), join(root, 'd/gile'))],
  ['a folder’s mode', (root: string) => chmod(join(root, 'd'), 0o700)],
  ['a new file', (root: string) => writeFile(join(root, 'new'), '')],
  ['a link’s target', async (root: string) => (await rm(join(root, 'd/link')), await symlink('other', join(root, 'd/link')))],
] as const)
  test(`the hash of a tree changes with ${what}`, async () => {
    const root = await make(what);
    const before = await hash(root);
    await change(root);
    assert.notEqual(await hash(root), before);
  });

test('the hash of a tree does not change with times, its place or what is excluded', async () => {
  const [one, two] = [await make('one'), await make('two')];
  await utimes(join(two, 'd/file'), 1, 1);
  assert.equal(await hash(two), await hash(one));
  await writeFile(join(two, 'd/notes.md'), '');
  assert.equal(await hash(two, ['d/[^/]*\\.md']), await hash(one));
});

test('a copy merges folders, replaces files, keeps links, times and hard links, and never leaves the root', async () => {
  const source = await make('source');
  await link(join(source, 'd/file'), join(source, 'd/twin'));
  await utimes(join(source, 'd/file'), 1000, 1000);
  const root = join(folder, 'root');
  await mkdir(join(root, 'real/d'), { recursive: true });
  await symlink('/../../../real', join(root, 'up'));
  await writeFile(join(root, 'real/d/file'), 'before');
  const own = await lstat(source);
  await trees.copy(root, [{ path: source, folder: '/up', owner: { uid: own.uid, gid: own.gid }, folderOwner: { uid: own.uid, gid: own.gid } }]);
  assert.equal(await readFile(join(root, 'real/d/file'), 'utf8'), 'text');
  const [file, twin, linked] = await Promise.all(['file', 'twin', 'link'].map((name) => lstat(join(root, 'real/d', name))));
  assert.deepEqual([file?.mtimeMs, file?.ino === twin?.ino, linked?.isSymbolicLink()], [1_000_000, true, true]);
  await assert.rejects(trees.copy(root, [{ path: join(source, 'd/file'), folder: '/real', name: 'd' }]), /a folder stands at its place/);
});

test('an archive that is large, or may unpack to much, is placed by a worker thread', async () => {
  const [plain, packed, root] = [join(folder, 'plain.tar'), join(folder, 'packed.tar.gz'), join(folder, 'placed')];
  await mkdir(root);
  await writeFile(join(folder, 'zeros'), Buffer.alloc(2 ** 21));
  for (const [archive, option] of [
    [plain, '-c'],
    [packed, '-cz'],
  ] as const)
    execFileSync('tar', [option, '-f', archive, '-C', folder, 'zeros']);
  const options = { root, inside: '/', room: root, noOverwriteDirNonDir: false, keepOwners: true };
  await trees.place(packed, options);
  assert.equal((await lstat(join(root, 'zeros'))).size, 2 ** 21);
  const told: number[] = [];
  const run: JobRunner['run'] = (_job, bytes) => {
    told.push(bytes);
    return Promise.reject(new Error('not here'));
  };
  for (const archive of [plain, packed]) await assert.rejects(treesBy({ run } as JobRunner).place(archive, options), { message: 'not here' }); // it only runs
  assert.deepEqual(
    told.map((bytes) => bytes >= INLINE_BYTES_MAX),
    [true, true],
  );
});
