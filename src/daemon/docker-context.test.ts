import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { removeDockerContext, writeDockerContext } from './docker-context.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-context-'));
after(() => rm(folder, { recursive: true, force: true }));

const metaOf = (of: string, name: string) => join(of, 'contexts/meta', createHash('sha256').update(name).digest('hex'), 'meta.json');

test('a context is where the client looks for it, and goes without a trace', async () => {
  const context = { folder: join(folder, 'alone'), name: 'gantry' };
  await writeDockerContext(context, '/run/x.sock');
  const entry = JSON.parse(await readFile(metaOf(context.folder, 'gantry'), 'utf8')) as { Name: string; Endpoints: { docker: { Host: string } } };
  assert.deepEqual([entry.Name, entry.Endpoints.docker.Host], ['gantry', 'unix:///run/x.sock']);
  await removeDockerContext(context, '/run/x.sock');
  await assert.rejects(stat(context.folder), { code: 'ENOENT' });
});

test('what others wrote stays, and an entry that leads elsewhere by now is theirs', async () => {
  const context = { folder: join(folder, 'shared'), name: 'gantry' };
  await mkdir(context.folder);
  await writeFile(join(context.folder, 'config.json'), '{"currentContext":"work"}');
  await writeDockerContext({ ...context, name: 'work' }, '/run/other.sock');
  await writeDockerContext(context, '/run/x.sock');
  await removeDockerContext(context, '/run/y.sock');
  await stat(metaOf(context.folder, 'gantry'));
  await removeDockerContext(context, '/run/x.sock');
  await assert.rejects(stat(metaOf(context.folder, 'gantry')), { code: 'ENOENT' });
  await stat(metaOf(context.folder, 'work'));
  assert.equal(await readFile(join(context.folder, 'config.json'), 'utf8'), '{"currentContext":"work"}');
});

test('a name that the client would refuse is refused', async () => {
  for (const name of ['default', 'a b', '']) await assert.rejects(writeDockerContext({ folder, name }, '/run/x.sock'), /Cannot name a Docker context/, name);
});
