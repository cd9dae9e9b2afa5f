import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyboxTar } from '../../../test/support/busybox.ts';
import { printNote } from '../print.ts';
import type { Stage } from '../stage.ts';

export async function baseImage(stage: Stage): Promise<void> {
  printNote("a root file system of Debian's busybox-static alone, as a tar on standard input");
  await stage.docker('import - busybox', { input: busyboxTar(), shows: /sha256:[0-9a-f]{64}/ });
  if (stage.full) await debian(stage);
  await stage.docker('images', { shows: /busybox/ });
}

/** The Debian image of the mission, from the package registry alone. */
async function debian(stage: Stage): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-debian-'));
  try {
    await stage.run(['debootstrap', '--variant=minbase', 'bookworm', join(folder, 'root')]);
    await stage.run(['tar', '--numeric-owner', '-C', join(folder, 'root'), '-cf', join(folder, 'root.tar'), '.']);
    await stage.docker(`import ${join(folder, 'root.tar')} debian:bookworm`, { shows: /sha256:/ });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
