import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The tar of a root file system made of this Node.js, the libraries it needs and one program at `/program.ts`, for an import. */
export function nodeTar(program: string): Buffer {
  const root = mkdtempSync(join(tmpdir(), 'gantry-node-'));
  try {
    for (const [source, target] of [
      [process.execPath, '/bin/node'],
      [program, '/program.ts'],
      ...librariesOf(process.execPath).map((path) => [path, path]),
    ] as const) {
      const place = join(root, target ?? '');
      mkdirSync(dirname(place), { recursive: true });
      copyFileSync(source ?? '', place);
    }
    mkdirSync(join(root, 'tmp'));
    return output('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-cf', '-', '.']);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** As ldd(1) names them, the loader included. */
function librariesOf(program: string): readonly string[] {
  return [
    ...output('ldd', [program])
      .toString()
      .matchAll(/(?:=> )?(\/\S+) \(0x/g),
  ].map((match) => match[1] ?? '');
}

function output(program: string, words: readonly string[]): Buffer {
  const { status, stdout, stderr, error } = spawnSync(program, words, { maxBuffer: 2 ** 30 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ended with exit status ${status}: ${stderr.toString()}`);
  return stdout;
}
