import type { Command } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say, type Terminal } from '../terminal.ts';
import { isBooted, ServiceUnit } from './systemd.ts';
import { unitText } from './unit.ts';
import { upWords } from './up-words.ts';

const OPTIONS = { name: { type: 'string', default: 'gantry' }, print: { type: 'boolean', default: false } } as const;

export const service: Command = {
  usage:
    'service install [--print] [--name NAME] [-- OPTIONS OF gantry up]\n' +
    '       gantry service uninstall|status [--name NAME]\n' +
    '       The daemon at boot, by systemd. When it stops or starts again, containers run on.',
  async run([action, ...rest], terminal) {
    const end = rest.indexOf('--');
    const [own, upOptions] = end < 0 ? [rest, []] : [rest.slice(0, end), rest.slice(end + 1)];
    const { values } = parseOptions({ args: own, options: OPTIONS, allowPositionals: false });
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_-]*$/.test(values.name)) throw new UsageError(`Cannot name a service "${values.name}": use letters, digits, _ and -`);
    const unit = new ServiceUnit(values.name);
    if (action === 'install') return install(unit, upWords(upOptions), values.print, terminal);
    if (upOptions.length > 0 || values.print) throw new UsageError('Only gantry service install takes --print and options of gantry up');
    if (action === 'uninstall') return uninstall(unit, terminal);
    if (action === 'status') return status(unit, terminal);
    throw new UsageError(`"${action ?? ''}" is nothing that gantry service does. Write gantry service install, uninstall or status`);
  },
};

/** Installing what is installed changes nothing; with other options the daemon is started again, and containers run on. */
async function install(unit: ServiceUnit, options: readonly string[], print: boolean, terminal: Terminal): Promise<number> {
  // The launcher names the entry there.
  const [, main = ''] = process.argv;
  const command = [process.execPath, '--no-warnings', main, 'up', ...options];
  const text = unitText({ command, environment: environmentOf(terminal.environment) });
  if (print) {
    terminal.stdout.write(text);
    return 0;
  }
  if (!isBooted())
    throw new CommandError(
      `Cannot install ${unit.name}: this machine does not run systemd. "gantry service install --print" prints the unit; without it, have this started at boot: ${command.join(' ')}`,
    );
  const before = await unit.read();
  if (before !== text) await unit.write(text);
  if (before !== text) await unit.must('daemon-reload');
  await unit.must('enable', unit.name);
  await unit.must(before === undefined || before === text ? 'start' : 'restart', unit.name);
  const did = before === undefined ? 'installed' : before === text ? 'was installed already' : 'changed, and started again';
  say(terminal, `${unit.name} ${did}: it starts at boot, and runs now (${unit.path})`);
  return 0;
}

/** What the daemon inherits from its terminal otherwise: few heaps of the C library (see `up`), and its compiled code. */
function environmentOf({ NODE_COMPILE_CACHE: cache }: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return { MALLOC_ARENA_MAX: '2', ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) };
}

async function uninstall(unit: ServiceUnit, terminal: Terminal): Promise<number> {
  if ((await unit.read()) === undefined) {
    say(terminal, `there is no ${unit.name} to uninstall`);
    return 0;
  }
  if (isBooted()) await unit.must('disable', '--now', unit.name);
  await unit.remove();
  if (isBooted()) await unit.must('daemon-reload');
  say(terminal, `${unit.name} uninstalled: the daemon is stopped, and its containers run on. "gantry down" ends them`);
  return 0;
}

async function status(unit: ServiceUnit, terminal: Terminal): Promise<number> {
  if (!isBooted()) {
    say(terminal, 'this machine does not run systemd');
    return 1;
  }
  if ((await unit.read()) === undefined) {
    say(terminal, `${unit.name} is not installed; "gantry service install" does that`);
    return 1;
  }
  const [enabled, active] = [await unit.ask('is-enabled'), await unit.ask('is-active')];
  say(terminal, `${unit.name}: ${active}, at boot: ${enabled} (${unit.path})`);
  return active === 'active' ? 0 : 1;
}
