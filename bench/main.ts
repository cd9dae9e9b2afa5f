import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Runs every measurement of this folder in turn, each in a process of its own; its lines of JSON pass through. */
const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && name !== 'main.ts');
for (const file of files.toSorted()) {
  const { status } = spawnSync(process.execPath, ['--no-warnings', join(import.meta.dirname, file)], { stdio: 'inherit' });
  if (status !== 0) {
    process.stderr.write(`${file} ended with exit status ${status}\n`);
    process.exitCode = 1;
  }
}
