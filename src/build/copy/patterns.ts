import { readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { DockerfileError } from '../errors.ts';
import { excludeSource } from '../exclude-pattern.ts';
import { namePattern } from '../ignore-pattern.ts';
import { lstatMaybe, resolveInRoot } from './root-path.ts';

const WILD = /[*?[\\]/;

/** Whether a source may name any number of paths. */
export function hasWildcards(path: string): boolean {
  return /[*?[]/.test(path.replace(/\\[\s\S]?/g, ''));
}

/** Paths below `root` that a source names, sorted; one without wildcards is answered whether it is there or not. Links stay inside of the root. */
export async function matchingPaths(root: string, pattern: string): Promise<readonly string[]> {
  const clean = posix.resolve('/', pattern).slice(1);
  if (!WILD.test(clean)) return [clean];
  let found = [''];
  for (const part of clean.split('/')) found = (await Promise.all(found.map((folder) => matchingNames(root, folder, part, pattern)))).flat();
  return [...new Set(found)];
}

async function matchingNames(root: string, folder: string, part: string, pattern: string): Promise<readonly string[]> {
  const path = await resolveInRoot(root, folder);
  const below = (name: string) => (folder === '' ? name : `${folder}/${name}`);
  if (!WILD.test(part)) return (await lstatMaybe(`${path}/${part}`)) ? [below(part)] : [];
  if (!(await lstatMaybe(path))?.isDirectory()) return [];
  const entries = (await readdir(path, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (part === '**') {
    const inner = await Promise.all(entries.filter((entry) => entry.isDirectory()).map(({ name }) => matchingNames(root, below(name), part, pattern)));
    return [folder, ...inner.flat()];
  }
  const fits = namePattern(part, pattern);
  return entries.filter(({ name }) => fits(name)).map(({ name }) => below(name));
}

/** `--exclude` as regular expressions over paths below a source. Errors: `DockerfileError`. */
export function excludeSources(patterns: readonly string[], line: number): readonly string[] {
  return patterns.map((pattern) => {
    if (pattern.startsWith('!')) throw new DockerfileError(line, `--exclude=${pattern}: an exception has no meaning here; leave the "!" out`);
    try {
      return excludeSource(posix.resolve('/', pattern).slice(1));
    } catch (error) {
      if (error instanceof SyntaxError) throw new DockerfileError(line, `--exclude=${pattern}: ${error.message}`);
      throw error;
    }
  });
}
