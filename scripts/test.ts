import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const TIMEOUT_MS = 600_000;
const root = new URL('..', import.meta.url).pathname;
const isRoot = process.getuid?.() === 0;

/** Tests that use the real client of that name; the first row that fits counts. */
const CLIENTS: readonly (readonly [path: RegExp, clients: readonly string[]])[] = [
  [/^test\/(kubectl|daemon|demo|package)\//, ['docker', 'kubectl']],
  [/^(test|src)\/docker\/|^test\/clients\//, ['docker']],
  [/^test\/cli\/kubernetes/, ['kubectl']],
  [/^src\/cluster\/apiserver\/kubectl/, ['kubectl']],
];

interface Skipped {
  readonly path: string;
  readonly why: string;
}

/** Unit tests need neither root nor network; `*.root.test.ts` makes real containers. */
async function select(): Promise<{ chosen: string[]; skipped: Skipped[] }> {
  const chosen: string[] = [];
  const skipped: Skipped[] = [];
  for await (const path of glob(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root })) {
    const missing = (CLIENTS.find(([pattern]) => pattern.test(path))?.[1] ?? []).filter((client) => !isInstalled(client));
    if (path.endsWith('.root.test.ts') && !isRoot) skipped.push({ path, why: 'needs root' });
    else if (missing.length > 0) skipped.push({ path, why: `needs ${missing.join(' and ')}` });
    else chosen.push(path);
  }
  return { chosen: chosen.sort(), skipped };
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

const { chosen, skipped } = await select();
if (skipped.length > 0 && process.env.CI !== undefined)
  throw new Error(`CI must run everything, but: ${skipped.map(({ path, why }) => `${path} ${why}`).join(', ')}`);
for (const { path, why } of skipped) process.stdout.write(`skipped, ${why}: ${path}\n`);
if (chosen.length === 0) throw new Error('found no tests');

const child = spawn(process.execPath, ['--no-warnings', '--conditions=gantry-source', '--test', `--test-timeout=${TIMEOUT_MS}`, ...chosen], {
  cwd: root,
  stdio: 'inherit',
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
