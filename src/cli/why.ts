import type { Command } from './command.ts';
import { askDaemon, DAEMON_OPTIONS } from './daemon-status.ts';
import { CommandError, UsageError } from './errors.ts';
import { parseOptions } from './options.ts';
import type { Terminal } from './terminal.ts';
import { type Explained, FORM_OPTION, tellWhy } from './why-text.ts';

export const why: Command = {
  usage:
    'why port PORT[/tcp|udp] [-o json] [--data-dir D] [--run-dir R]\n' +
    '       gantry why container NAME [-o json] [--data-dir D] [--run-dir R]\n' +
    '       gantry why pod NAME [-o json] [-n NAMESPACE] [--kubeconfig PATH] [--context NAME] [--data-dir D] [--run-dir R]\n' +
    '       gantry why denied VERB RESOURCE [NAME] [--as USER] [--as-group GROUP]... [-o json] [-n NAMESPACE] [--kubeconfig PATH] [--context NAME]\n' +
    '       Tells where a packet stops, why a container ended or does not start, why a Pod does not run,\n' +
    '       which rule allows a request or came nearest to it, and what would.\n' +
    '       The exit status is 0 where nothing is wrong, else 1.',
  async run(commandArguments, terminal) {
    const [what, ...rest] = commandArguments;
    if (what === 'pod') return (await import('./kubernetes/why-pod.ts')).whyPod(rest, terminal);
    if (what === 'denied') return (await import('./kubernetes/why-denied.ts')).whyDenied(rest, terminal);
    if (what !== 'port' && what !== 'container')
      throw new UsageError(`Cannot explain "${what ?? ''}": gantry why port PORT, container NAME, pod NAME or denied VERB RESOURCE`);
    return explain(what, rest, terminal);
  },
};

async function explain(what: 'port' | 'container', rest: readonly string[], terminal: Terminal): Promise<number> {
  const options = { ...FORM_OPTION, ...DAEMON_OPTIONS } as const;
  const { values, positionals } = parseOptions({ args: [...rest], options, allowPositionals: true });
  const [subject, ...more] = positionals;
  if (subject === undefined || more.length > 0)
    throw new UsageError(`Cannot explain ${positionals.length} things: gantry why ${what} ${what === 'port' ? 'PORT' : 'NAME'}`);
  const port = what === 'port' ? parsePort(subject) : undefined;
  // Also says in words where this user may not ask.
  const status = await askDaemon(values);
  const daemon = await import('#daemon');
  const dirs = { dataDir: values['data-dir'], runDir: values['run-dir'] };
  let explained: Explained | undefined;
  if (port !== undefined) explained = await daemon.explainPort(dirs, port.number, port.protocol);
  else {
    if (status === undefined) throw new CommandError('No daemon answers, so nothing is known of containers. Start it with "gantry up --detach"');
    explained = await daemon.explainContainer(dirs, subject);
  }
  if (explained === undefined) throw new CommandError(`No such container: ${subject}. "gantry ps -a" lists them`);
  return tellWhy(explained, values.output, terminal);
}

/** Errors: `USAGE`. */
export function parsePort(text: string): { readonly number: number; readonly protocol: 'tcp' | 'udp' } {
  const [, number = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
  if (Number(number) < 1 || Number(number) > 65_535 || (protocol !== 'tcp' && protocol !== 'udp'))
    throw new UsageError(`Cannot explain port "${text}": write a number from 1 to 65535, such as 8080 or 53/udp`);
  return { number: Number(number), protocol };
}
