import assert from 'node:assert/strict';
import { lstat, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { removeKubeconfigEntry, writeKubeconfigEntry } from './kubeconfig.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-kubeconfig-'));
after(() => rm(folder, { recursive: true, force: true }));
const entry = { name: 'gantry', server: 'https://127.0.0.1:6443', authority: 'A', certificate: 'C', key: 'K' };
const others = `# mine
apiVersion: v1
kind: Config
clusters:
- name: work # keep
  cluster: {server: "https://work"}
users:
- name: me
  user: {token: secret}
contexts:
- name: work
  context: {cluster: work, user: me}
current-context: work
`;

test('an entry is added to and taken from a file without touching another', async () => {
  const path = join(folder, 'others');
  await writeFile(path, others);
  await writeKubeconfigEntry(path, entry);
  await writeKubeconfigEntry(path, entry);
  const content = parse(await readFile(path, 'utf8')) as { clusters: { name: string }[]; 'current-context': string };
  assert.deepEqual(
    content.clusters.map(({ name }) => name),
    ['work', 'gantry'],
  );
  assert.equal(content['current-context'], 'work');
  await removeKubeconfigEntry(path, 'gantry');
  const left = await readFile(path, 'utf8');
  assert.deepEqual(parse(left), parse(others));
  assert.match(left, /# mine[\s\S]*# keep/);
});

test('a file that is not there is made, and the entry is the current one', async () => {
  const path = join(folder, 'new', 'config');
  await writeKubeconfigEntry(path, entry);
  assert.equal((parse(await readFile(path, 'utf8')) as { 'current-context': string })['current-context'], 'gantry');
  await removeKubeconfigEntry(join(folder, 'absent'), 'gantry');
  await removeKubeconfigEntry(path, 'gantry');
  await assert.rejects(readFile(path), { code: 'ENOENT' }, 'nothing else stood in it');
});

test('a link stays one, and what it leads to is changed', async () => {
  const path = join(folder, 'link');
  await writeFile(join(folder, 'target'), others);
  await symlink(join(folder, 'target'), path);
  await writeKubeconfigEntry(path, entry);
  assert.ok((await lstat(path)).isSymbolicLink());
  assert.match(await readFile(join(folder, 'target'), 'utf8'), /name: gantry/);
});

test('a file that is no kubeconfig is left alone, and named', async () => {
  const path = join(folder, 'wrong');
  await writeFile(path, '- a list');
  await assert.rejects(writeKubeconfigEntry(path, entry), /not a kubeconfig file/);
  assert.equal(await readFile(path, 'utf8'), '- a list');
});
