import { readFile } from 'node:fs/promises';
import type { Command } from './command.ts';
import { say } from './terminal.ts';

/** The version in package.json, which lies above both `src/cli` and `dist/cli`. */
export async function packageVersion(): Promise<string> {
  // npm requires the field.
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}

export const version: Command = {
  usage: 'version',
  async run(_commandArguments, terminal) {
    say(terminal, `gantry ${await packageVersion()}`);
    return 0;
  },
};
