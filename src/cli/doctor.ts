import type { Command } from './command.ts';
import { UsageError } from './errors.ts';
import { parseOptions } from './options.ts';
import { say, table } from './terminal.ts';

export const doctor: Command = {
  usage: 'doctor [--fix] [-o json]',
  async run(commandArguments, terminal) {
    const { values } = parseOptions({
      args: [...commandArguments],
      options: { fix: { type: 'boolean', default: false }, output: { type: 'string', short: 'o' } },
    });
    if (values.output !== undefined && values.output !== 'json') throw new UsageError(`Cannot print findings as "${values.output}": the only form is json`);
    const daemon = await import('#daemon');
    const report = (line: string) => terminal.stderr.write(`${line}\n`);
    const findings = await daemon.examine({ fix: values.fix, path: terminal.environment.PATH ?? '', say: report });
    const ready = findings.every((finding) => finding.ok);
    if (values.output === 'json') say(terminal, JSON.stringify({ ready, findings }, null, 2));
    else
      say(
        terminal,
        table(
          ['CHECK', '', 'DETAIL'],
          findings.map(({ name, ok, warning, detail, remedy }) => [
            name,
            ok ? (warning ? 'WARNS' : 'ok') : 'FAILS',
            remedy ? `${detail}; ${adviceOf(remedy)}` : detail,
          ]),
        ),
      );
    return ready ? 0 : 1;
  },
};

type Remedy = NonNullable<import('#daemon').Finding['remedy']>;
const adviceOf = (remedy: Remedy): string => (remedy.kind === 'package' ? `apt-get install ${remedy.package}` : remedy.advice);
