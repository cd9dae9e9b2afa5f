import type { Command } from './command.ts';
import { DAEMON_OPTIONS } from './daemon-status.ts';
import { UsageError } from './errors.ts';
import { parseOptions } from './options.ts';
import { say } from './terminal.ts';

export const backup: Command = {
  usage: 'backup FILE [--data-dir D] [--run-dir R]',
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: DAEMON_OPTIONS, allowPositionals: true });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError('Cannot back up: name one file to write. usage: gantry backup FILE');
    const daemon = await import('#daemon');
    await daemon.backup({ file, dataDir: values['data-dir'], runDir: values['run-dir'] });
    say(terminal, `the cluster's state is in ${file}; it holds Secrets`);
    return 0;
  },
};
