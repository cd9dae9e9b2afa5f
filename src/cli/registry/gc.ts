import type { Command } from '../command.ts';
import { DAEMON_OPTIONS } from '../daemon-status.ts';
import { formatBytes } from '../docker/sizes.ts';
import { CommandError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say, table } from '../terminal.ts';

const flag = { type: 'boolean', default: false } as const;

export const gc: Command = {
  usage: 'gc [--dry-run] [--json] [--data-dir D] [--run-dir R]',
  async run(commandArguments, terminal) {
    const { values } = parseOptions({ args: [...commandArguments], options: { 'dry-run': flag, json: flag, ...DAEMON_OPTIONS } });
    const daemon = await import('#daemon');
    const { runDir } = await daemon.findDirs({ dataDir: values['data-dir'], runDir: values['run-dir'] });
    const collected = await daemon.collectRegistry(runDir, values['dry-run']);
    if (collected === undefined) throw new CommandError(`Cannot collect: no daemon with a registry answers in ${runDir}; start one with "gantry up"`);
    const { dryRun, repositories, blobs, bytes, freedBytes } = collected;
    if (values.json) say(terminal, JSON.stringify(collected));
    else {
      const rows = repositories.flatMap(({ name, tags, manifests }) => [
        ...tags.map((tag) => [name, 'tag', tag]),
        ...manifests.map((digest) => [name, 'manifest', digest]),
      ]);
      if (rows.length > 0) say(terminal, table(['REPOSITORY', 'KIND', 'REFERENCE'], rows));
      const what = `${blobs} blobs that no repository has any more, ${formatBytes(bytes)}`;
      say(terminal, dryRun ? `Would remove ${what}` : `Removed ${what}; the storage gave back ${formatBytes(freedBytes)}`);
    }
    return 0;
  },
};
