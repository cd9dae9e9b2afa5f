import type { Command } from './command.ts';
import { parseOptions } from './options.ts';
import { say } from './terminal.ts';

export const down: Command = {
  usage: 'down [--purge] [--data-dir D] [--run-dir R]',
  async run(commandArguments, terminal) {
    const { values } = parseOptions({
      args: [...commandArguments],
      options: { purge: { type: 'boolean', default: false }, 'data-dir': { type: 'string' }, 'run-dir': { type: 'string' } },
    });
    const daemon = await import('#daemon');
    await daemon.takeDown({
      dataDir: values['data-dir'],
      runDir: values['run-dir'],
      purge: values.purge,
      environment: terminal.environment,
      say: (line) => say(terminal, line),
    });
    return 0;
  },
};
