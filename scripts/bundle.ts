/**
 * Makes `dist/`, what an installed package runs: Node.js strips no types under node_modules. The program's own files become
 * a few chunks, each command and each worker thread loaded when it is wanted; npm packages stay outside, as dependencies.
 * Files that the sources name by `new URL('./…', import.meta.url)` come along. Run by `npm pack`.
 */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const sources = join(root, 'src');
const target = join(root, 'dist');
const manifest = join(root, 'package.json');
const BESIDE = /new URL\('(\.[^']+)', import\.meta\.url\)/g;

/** Takes along each file that a source names by its place: a source as a chunk of its own, any other as it is. */
const filesBeside: Plugin = {
  name: 'files-beside',
  async transform(code, id) {
    if (!id.startsWith(`${sources}/`)) return null;
    const references = new Map<string, string>();
    for (const [, name = ''] of code.matchAll(BESIDE)) {
      const path = resolve(dirname(id), name);
      // Chunks lie two folders below it, as the source that reads it does.
      if (path === manifest) continue;
      if (!path.startsWith(`${sources}/`)) throw new Error(`Cannot bundle ${id}: it reads ${path}, which is no file of src/`);
      if (!existsSync(path)) throw new Error(`Cannot bundle ${id}: it reads ${path}, which is not there. Run: npm run prepare`);
      const file = path.endsWith('.ts')
        ? ({ type: 'chunk', id: path } as const)
        : ({ type: 'asset', fileName: join('files', relative(sources, path)), source: await readFile(path) } as const);
      references.set(name, this.emitFile(file));
    }
    return code.replace(BESIDE, (whole, name: string) => {
      const reference = references.get(name);
      return reference === undefined ? whole : `new URL(import.meta.ROLLUP_FILE_URL_${reference})`;
    });
  },
};

/** V8 keeps a text with any letter past Latin-1 in two bytes a letter, the whole program for one dash: such are written as escapes. */
const oneByte: Plugin = {
  name: 'one-byte',
  renderChunk: (code) => code.replace(/[^\0-\xff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`),
};

await rm(target, { recursive: true, force: true });
const bundle = await rolldown({
  input: { main: join(sources, 'cli/main.ts') },
  cwd: root,
  platform: 'node',
  external: /^[^./#]/,
  plugins: [filesBeside, oneByte],
});
const { output } = await bundle.write({ dir: target, format: 'esm', entryFileNames: 'cli/[name].js', chunkFileNames: 'rooms/[name].js', cleanDir: true });
await bundle.close();
process.stdout.write(`${output.map(({ fileName }) => `dist/${fileName}`).join('\n')}\n`);
