import type { Clock } from '#kit';
import { runCommand } from './command.ts';
import { CommandError } from './errors.ts';
import { NftShell } from './nft-shell.ts';
import type { Namespaces, Nftables } from './types.ts';

const ABSENT = /No such file or directory/;

/** nftables by one `nft` that stays a while, and by `nft -f -` for what that does not take. */
export function createNftables(namespaces: Namespaces, clock: Clock): Nftables {
  const shell = new NftShell(clock);
  const nft = (args: readonly string[], input = '', namespace?: string) =>
    runCommand('nft', args, input, (spawnNow) => (namespace === undefined ? spawnNow() : namespaces.run(namespace, spawnNow)));
  return {
    async apply(ruleset, options = {}) {
      if (options.namespace === undefined && NftShell.takes(ruleset) && (await shell.run(ruleset))) return;
      const { exitCode, stderr } = await nft(['-f', '-'], ruleset, options.namespace);
      if (exitCode !== 0) throw new CommandError('nft -f', stderr.trim());
    },
    async list(family, table) {
      const { exitCode, stdout, stderr } = await nft(['-j', 'list', 'table', family, table]);
      if (exitCode === 0) return JSON.parse(stdout);
      if (ABSENT.test(stderr)) return undefined;
      throw new CommandError('nft list', stderr.trim());
    },
    async deleteTable(family, table) {
      const { exitCode, stderr } = await nft(['delete', 'table', family, table]);
      if (exitCode !== 0 && !ABSENT.test(stderr)) throw new CommandError('nft delete', stderr.trim());
    },
  };
}
