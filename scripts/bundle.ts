/**
 * Makes `dist/`, what an installed package runs: Node.js strips no types under node_modules. The program's own files become
 * a few chunks, each command and each worker thread loaded when it is wanted; npm packages stay outside, as dependencies.
 * Files that the sources name by `new URL('./…', import.meta.url)` come along. Run by `npm pack`.
 */
import { existsSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
    const unseen = code.replace(BESIDE, '').match(/new URL\([^)]*import\.meta\.url\)/);
    if (unseen) throw new Error(`Cannot bundle ${id}: ${unseen[0]} names no file that can be seen here. Write the path as one text in single quotes`);
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
  input: { 'cli/main': join(sources, 'cli/main.ts'), 'library/index': join(sources, 'library/index.ts'), 'testing/index': join(sources, 'testing/index.ts') },
  cwd: root,
  platform: 'node',
  external: /^[^./#]/,
  plugins: [filesBeside, oneByte],
});
const { output } = await bundle.write({ dir: target, format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'rooms/[name].js', cleanDir: true });
await bundle.close();
await writeTypes();
process.stdout.write(`${output.map(({ fileName }) => `dist/${fileName}`).join('\n')}\n`);

/** What the compiler of a program that imports the package reads: declarations, whose imports are paths in place of the rooms' names. */
async function writeTypes(): Promise<void> {
  const types = join(target, 'types');
  const entries = ['library', 'testing'].map((room) => join(sources, room, 'index.ts'));
  const project = join(target, 'tsconfig.types.json');
  await writeFile(
    project,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        rootDir: sources,
        outDir: types,
        typeRoots: [join(root, 'node_modules/@types')],
      },
      files: entries,
      include: [],
    }),
  );
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project], { stdio: ['ignore', 'inherit', 'inherit'] });
  await rm(project);
  const wanted = new Set<string>();
  for (const room of ['library', 'testing']) await keepTypes(join(types, room, 'index.d.ts'), types, wanted);
  for (const entry of await readdir(types, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && !wanted.has(file)) await rm(file);
  }
}

/** Writes a declaration with paths in place of the rooms' names, and those that it needs. The compiler has declared the insides of every room besides. */
async function keepTypes(file: string, types: string, wanted: Set<string>): Promise<void> {
  if (wanted.has(file)) return;
  wanted.add(file);
  const needed: string[] = [];
  const text = (await readFile(file, 'utf8')).replaceAll(/(from |import\()(['"])([#.][^'"]+)\2/g, (_, before: string, quote: string, name: string) => {
    const source = name.startsWith('#') ? join(types, name.slice(1), 'index.ts') : resolve(dirname(file), name);
    needed.push(source.replace(/\.ts$/, '.d.ts'));
    return `${before}${quote}${relativeTo(file, source.replace(/\.ts$/, '.js'))}${quote}`;
  });
  await writeFile(file, text);
  for (const one of needed) await keepTypes(one, types, wanted);
}

function relativeTo(file: string, other: string): string {
  const path = relative(dirname(file), other);
  return path.startsWith('.') ? path : `./${path}`;
}
