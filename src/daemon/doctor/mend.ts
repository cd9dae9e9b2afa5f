import { spawn } from 'node:child_process';
import { ConfigError } from '../errors.ts';
import type { Finding } from './types.ts';
import { findProgram } from './programs.ts';

/** The packages that the findings ask for, each once, with why. */
export function wantedPackages(findings: readonly Finding[]): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>();
  for (const { remedy } of findings) if (remedy?.kind === 'package') wanted.set(remedy.package, remedy.why);
  return wanted;
}

/**
 * Installs the packages with the system's package manager, its output on ours, after `say` was told what and why. Errors:
 * `CONFIG_INVALID` when there is no apt-get or it fails, naming the command.
 */
export async function installPackages(packages: ReadonlyMap<string, string>, options: { path: string; say: (line: string) => void }): Promise<void> {
  if (packages.size === 0) return;
  const names = [...packages.keys()];
  const command = `apt-get install --yes --no-install-recommends ${names.join(' ')}`;
  if ((await findProgram('apt-get', options.path)) === undefined) {
    throw new ConfigError(`Cannot install ${names.join(', ')}: there is no apt-get here. Install them with this system's package manager`);
  }
  for (const [name, why] of packages) options.say(`installing ${name}: ${why}`);
  await apt(['update', '--quiet'], 'apt-get update');
  await apt(['install', '--yes', '--quiet', '--no-install-recommends', ...names], command);
}

function apt(commandArguments: readonly string[], command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('apt-get', commandArguments, { stdio: ['ignore', 2, 2] });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0
        ? resolve()
        : reject(new ConfigError(`"${command}" failed with exit status ${code}: mend what it says above, then run it by hand or try again`)),
    );
  });
}
