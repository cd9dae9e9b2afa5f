import { join } from 'node:path';
import type { Command } from '../command.ts';
import { DAEMON_OPTIONS } from '../daemon-status.ts';
import { DockerClient } from '../docker/client.ts';
import { formatBytes } from '../docker/sizes.ts';
import { parseOptions } from '../options.ts';
import { say, table } from '../terminal.ts';

/** What the daemon answers on `POST /registry/collect`. */
interface Collected {
  readonly manifests: readonly { readonly repository: string; readonly digest: string; readonly tags: readonly string[]; readonly reason: string }[];
  readonly blobs: number;
  readonly bytes: number;
}
const flag = { type: 'boolean', default: false } as const;

export const gc: Command = {
  usage: 'gc [--dry-run] [--json] [--data-dir D] [--run-dir R]',
  async run(commandArguments, terminal) {
    const { values } = parseOptions({ args: [...commandArguments], options: { 'dry-run': flag, json: flag, ...DAEMON_OPTIONS } });
    const daemon = await import('#daemon');
    const { runDir } = await daemon.findDirs({ dataDir: values['data-dir'], runDir: values['run-dir'] });
    const control = new DockerClient(join(runDir, 'gantry.sock'));
    const collected = await control.json<Collected>({ method: 'POST', path: '/registry/collect', body: { dry_run: values['dry-run'] } });
    const { manifests, blobs, bytes } = collected;
    if (values.json) say(terminal, JSON.stringify(collected));
    else {
      const rows = manifests.map(({ repository, digest, tags, reason }) => [repository, digest, tags.join(','), reason]);
      if (rows.length > 0) say(terminal, table(['REPOSITORY', 'DIGEST', 'TAGS', 'REASON'], rows));
      const verb = values['dry-run'] ? 'Would remove' : 'Removed';
      say(terminal, `${verb} ${manifests.length} manifests and ${blobs} blobs, ${formatBytes(bytes)}`);
    }
    return 0;
  },
};
