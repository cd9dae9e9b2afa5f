import { spawn } from 'node:child_process';
import { glob } from 'node:fs/promises';

const TIMEOUT_MS = 600_000;
const root = new URL('..', import.meta.url).pathname;
const isRoot = process.getuid?.() === 0;

/** Unit tests need neither root nor network; `*.root.test.ts` and what lies in `test/` make real containers. */
async function select(): Promise<{ chosen: string[]; skipped: string[] }> {
  const chosen: string[] = [];
  const skipped: string[] = [];
  for await (const path of glob(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root })) {
    const needsRoot = path.endsWith('.root.test.ts');
    (needsRoot && !isRoot ? skipped : chosen).push(path);
  }
  return { chosen: chosen.sort(), skipped };
}

const { chosen, skipped } = await select();
if (skipped.length > 0 && process.env.CI !== undefined) throw new Error(`CI must run everything, but these need root: ${skipped.join(', ')}`);
for (const path of skipped) process.stdout.write(`skipped, needs root: ${path}\n`);
if (chosen.length === 0) throw new Error('found no tests');

const child = spawn(process.execPath, ['--no-warnings', '--test', `--test-timeout=${TIMEOUT_MS}`, ...chosen], { cwd: root, stdio: 'inherit' });
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
