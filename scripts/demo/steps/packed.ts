import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { busyboxTar } from '../../../test/support/busybox.ts';
import { ROOT, type Stage } from '../stage.ts';
import { freePorts } from '../ports.ts';

export async function packed(stage: Stage): Promise<void> {
  const folder = join(stage.folder, 'elsewhere');
  await mkdir(folder, { recursive: true });
  const name = (await stage.run(['npm', 'pack', '--silent', '--pack-destination', folder], { folder: ROOT })).split('\n').at(-1) ?? '';
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
