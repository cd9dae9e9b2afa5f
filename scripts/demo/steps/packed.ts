import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { busyboxTar } from '../../../test/support/busybox.ts';
import { ROOT, type Stage } from '../stage.ts';
import { freePorts } from '../ports.ts';

export async function packed(stage: Stage): Promise<void> {
  const folder = join(stage.folder, 'elsewhere');
  await mkdir(folder, { recursive: true });
  const name = await pack(stage, folder);
  await stage.run(['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', '--prefix', folder, join(folder, name)]);
  const gantry = join(folder, 'node_modules', '.bin', 'gantry');
  const directories = ['--data-dir', join(folder, 'data'), '--run-dir', join(folder, 'run')];
  const { registry, api } = await freePorts();
  await stage.run([gantry, 'version'], { shows: /gantry \d/ });
  try {
    await stage.run([
      gantry,
      'up',
      '--detach',
      ...directories,
      '--registry',
      `127.0.0.1:${registry}`,
      '--api',
      `127.0.0.1:${api}`,
      '--parts',
      'engine,registry',
    ]);
    await stage.run([gantry, 'import', ...directories, '-', 'busybox'], { input: busyboxTar() });
    await stage.run([gantry, 'run', '--rm', ...directories, 'busybox', 'echo', 'hello'], { shows: /^hello$/m });
  } finally {
    await stage.run([gantry, 'down', '--purge', ...directories]);
  }
}

/** Answers the package's file name. The bundle that is made on the way goes again, unless it was there before. */
async function pack(stage: Stage, folder: string): Promise<string> {
  const bundle = join(ROOT, 'dist');
  const wasThere = existsSync(bundle);
  try {
    const output = await stage.run(['npm', 'pack', '--silent', '--pack-destination', folder], { folder: ROOT });
    return output.split('\n').at(-1) ?? '';
  } finally {
    if (!wasThere) await rm(bundle, { recursive: true, force: true });
  }
}
