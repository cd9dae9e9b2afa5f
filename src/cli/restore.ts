import type { Command } from './command.ts';
import { DAEMON_OPTIONS } from './daemon-status.ts';
import { UsageError } from './errors.ts';
import { parseOptions } from './options.ts';
import { say } from './terminal.ts';

export const restore: Command = {
  usage: 'restore FILE [--data-dir D] [--run-dir R]',
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: DAEMON_OPTIONS, allowPositionals: true });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError('Cannot restore: name one file to read. usage: gantry restore FILE');
    const daemon = await import('#daemon');
    const { keys, revision } = await daemon.restore({ file, dataDir: values['data-dir'], runDir: values['run-dir'] });
    say(terminal, `restored ${keys} objects as of revision ${revision}; "gantry up" finds them`);
    return 0;
  },
};
