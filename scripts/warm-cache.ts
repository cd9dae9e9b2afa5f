/**
 * Puts what Node.js makes of each source (types stripped, compiled) into its cache, so that the first start of a fresh
 * checkout neither loads the type stripper, 25 MB that stay for the life of a daemon, nor waits for it. Run by `npm ci`.
 */
import { glob } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const entry = join(root, 'src/cli/main.ts');

for await (const name of glob('src/**/*.ts', { cwd: root })) {
  const path = join(root, name);
  if (!/\.test(?:ing)?\.ts$|\/testkit\/|\/contract\.ts$|\/generated\//.test(path) && path !== entry) await import(path);
}
// The entry runs what the command line names when it is loaded.
process.argv.splice(2, Infinity, 'version');
await import(entry);
