import type { Command } from './command.ts';

interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}
/** Every command, loaded only when it is the one that is run. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  up: { summary: 'start the engine, the registry and the cluster', load: async () => (await import('./up.ts')).up },
  down: { summary: 'end everything and take it off the machine; data stays', load: async () => (await import('./down.ts')).down },
  status: { summary: 'what runs, where, and how it is', load: async () => (await import('./status.ts')).status },
  doctor: { summary: 'try what Gantry needs of this machine; --fix installs what is missing', load: async () => (await import('./doctor.ts')).doctor },
  version: { summary: 'print the version', load: async () => (await import('./version.ts')).version },
};

/** What `gantry help` prints. */
export function helpText(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `usage: gantry COMMAND [options]\n\n${lines.join('\n')}\n\n"gantry COMMAND --help" tells a command's options.\n`;
}
