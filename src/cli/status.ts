import type { Command } from './command.ts';
import { UsageError } from './errors.ts';
import { parseOptions } from './options.ts';
import { say, table } from './terminal.ts';

export const status: Command = {
  usage: 'status [-o json] [--data-dir D] [--run-dir R]',
  async run(commandArguments, terminal) {
    const { values } = parseOptions({
      args: [...commandArguments],
      options: { output: { type: 'string', short: 'o' }, 'data-dir': { type: 'string' }, 'run-dir': { type: 'string' } },
    });
    if (values.output !== undefined && values.output !== 'json') throw new UsageError(`Cannot print status as "${values.output}": the only form is json`);
    const daemon = await import('#daemon');
    const answer = await daemon.findStatus({ dataDir: values['data-dir'], runDir: values['run-dir'] });
    if (values.output === 'json') say(terminal, JSON.stringify(answer ?? { ready: false, parts: {} }, null, 2));
    else if (answer === undefined) say(terminal, 'not running');
    else {
      const { parts, ...facts } = answer;
      say(
        terminal,
        table(
          ['WHAT', 'VALUE'],
          Object.entries(facts).map(([name, value]) => [name, String(value)]),
        ),
      );
      say(terminal, '');
      say(
        terminal,
        table(
          ['PART', 'STATE', 'REASON'],
          Object.entries(parts).map(([name, health]) => [name, health.state, health.state === 'failed' ? health.reason : '']),
        ),
      );
    }
    return answer?.ready ? 0 : 1;
  },
};
