import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startCluster } from '#testing';
import { output, run } from '../support/run.ts';

const checkout = new URL('../..', import.meta.url).pathname;
let folder: string;
/** A project that has the package, and the examples of the documents in it. */
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-docs-'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(checkout, join(folder, 'node_modules', 'gantry'));
  await symlink(join(checkout, 'node_modules', '@types'), join(folder, 'node_modules', '@types'));
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
});
after(() => rm(folder, { recursive: true, force: true }));

/** The indented pieces of a document that are TypeScript, as printed. */
async function examples(name: string): Promise<readonly string[]> {
  const text = await readFile(join(checkout, 'docs', name), 'utf8');
  const pieces = text.split(/\n(?! {4}|\n)/).flatMap((part) => /(?:^|\n\n)((?: {4}.*\n?|\n)+)$/.exec(part)?.[1] ?? []);
  return pieces.map((piece) => piece.replaceAll(/^ {4}/gm, '')).filter((piece) => /^(?:import|const|interface) /.test(piece.trim()));
}
async function runs(name: string, environment: NodeJS.ProcessEnv, ...options: string[]): Promise<string> {
  return await output(
    run([join(checkout, 'bin/with-node'), ...options, join(folder, name)], {
      environment: { ...process.env, NODE_TEST_CONTEXT: undefined, ...environment },
      folder,
    }),
  );
}

test('every example of testing.md and client.md runs as printed', async () => {
  const [whole = '', processes = '', time = '', forks = '', ...more] = await examples('testing.md');
  const [library = '', kinds = '', ...others] = await examples('client.md');
  assert.deepEqual([more, others], [[], []]);
  for (const piece of [whole, processes, time, forks, library, kinds]) assert.ok(piece.length > 50, piece);
  const start = "import { startCluster } from 'gantry/testing';\n";
  await writeFile(join(folder, 'whole.test.ts'), whole);
  await writeFile(
    join(folder, 'pieces.ts'),
    `${start}{\n${processes}\nawait cluster.stop();\n}\n{\n${time}\n${forks}\nawait one.stop();\nawait cluster.stop();\n}\n`,
  );
  await writeFile(join(folder, 'library.ts'), `${library}\n${kinds}\nvoid [createController, createInformer, web, Backup];\nawait client.close();\n`);
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(checkout, 'tsconfig.json'), compilerOptions: { types: ['node'], noEmit: true }, include: ['*.ts'], exclude: [] }),
  );
  await output(run([join(checkout, 'node_modules/.bin/tsc'), '-p', folder]));

  assert.match(await runs('whole.test.ts', {}, '--test'), /pass 1/);
  await runs('pieces.ts', {});
  await using cluster = await startCluster();
  await writeFile(join(folder, 'kubeconfig'), await cluster.kubeconfig());
  await cluster.apply(`
    apiVersion: apps/v1
    kind: Deployment
    metadata: { name: web }
    spec: { selector: { matchLabels: { app: web } }, template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: main, image: web }] } } }
  `);
  await runs('library.ts', { KUBECONFIG: join(folder, 'kubeconfig') });
});
