import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { glob } from 'node:fs/promises';
import { test } from 'node:test';
import { cycles, importsOf, type SourceFile, violations } from './floors.ts';

const src = new URL('../../src/', import.meta.url);

async function sources(): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for await (const path of glob('**/*.ts', { cwd: src.pathname })) {
    if (path.includes('/generated/')) continue;
    files.push({ path, text: await readFile(new URL(path, src), 'utf8') });
  }
  return files;
}

test('every import follows the plan of the house', async () => {
  const files = await sources();
  assert.ok(files.length > 50, `saw only ${files.length} files`);
  assert.ok(files.flatMap((file) => importsOf(file.text)).length > 100, 'saw too few imports');
  assert.deepEqual(violations(files), []);
});

test('no file imports itself in a circle, types included', async () => {
  assert.deepEqual(cycles(await sources()), []);
});

test('a planted violation is seen', () => {
  const planted = [
    { path: 'engine/evil.ts', text: "import type { V1Pod } from '#cluster/api';" },
    { path: 'cluster/api/evil.ts', text: "export { x } from '../store/index.ts';" },
    { path: 'cli/evil.ts', text: "import { startDaemon } from '#daemon';" },
    { path: 'cluster/controllers/evil.ts', text: "import {\n  openMemoryStore,\n} from '#cluster/store';" },
    { path: 'utils/evil.ts', text: '' },
  ];
  assert.equal(violations(planted).length, planted.length);
  assert.deepEqual(violations([{ path: 'cli/good.ts', text: "const { startDaemon } = await import('#daemon');" }]), []);
});

test('a planted circle is seen', () => {
  const planted = [
    { path: 'kit/a.ts', text: "import type { B } from './b.ts';" },
    { path: 'kit/b.ts', text: "export * from './a.ts';" },
  ];
  assert.equal(cycles(planted).length, 1);
});

test('no file is past 500 lines', async () => {
  const long = (await sources()).filter(({ text }) => text.split('\n').length > 500).map(({ path }) => path);
  assert.deepEqual(long, []);
});

test('no file loads node:http by an import statement, which loads a WebSocket client besides', async () => {
  const isValue = /^(?:import|export)(?! type)[^;]*?from 'node:http';/m;
  assert.match("import { createServer, type Server } from 'node:http';", isValue);
  assert.doesNotMatch("import type { Server } from 'node:http';\nimport { get } from 'node:https';", isValue);
  const wrong = (await sources()).filter(({ path, text }) => !/\.test(?:ing)?\.ts$/.test(path) && isValue.test(text)).map(({ path }) => path);
  assert.deepEqual(wrong, [], "use #kit's nodeHttp()");
});
