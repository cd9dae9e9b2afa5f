import type { Command } from '../command.ts';
import { formatBytes } from '../docker/sizes.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say } from '../terminal.ts';
import { manifestIn, type ManifestTree, openClient, REGISTRY_OPTIONS } from './client.ts';
import { loginOf } from '../logins.ts';

export const inspect: Command = {
  usage: 'inspect [--json] [--data-dir D] [--run-dir R] REF',
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: REGISTRY_OPTIONS, allowPositionals: true });
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) throw new UsageError('Cannot tell what to inspect: gantry registry inspect REF');
    using client = await openClient(values, terminal);
    const reference = client.parse(name);
    const repository = client.repository(reference, 'pull', await loginOf(reference.registry, terminal.environment));
    const tree = await client.tree(repository, manifestIn(reference));
    say(terminal, values.json ? JSON.stringify(tree, null, 2) : treeLines(tree).join('\n'));
    return 0;
  },
};

/** A manifest and what hangs on it, a line each, deeper ones further in. */
export function treeLines(tree: ManifestTree, indent = ''): readonly string[] {
  const { digest, mediaType, size, platform, config, layers, manifests, referrers } = tree;
  const shown =
    platform === undefined ? '' : ` ${[platform.os, platform.architecture, ...(platform.variant === undefined ? [] : [platform.variant])].join('/')}`;
  const part = (word: string, blob: { readonly digest: string; readonly mediaType: string; readonly size: number }) =>
    `${indent}  ${word} ${blob.digest} ${formatBytes(blob.size)} ${blob.mediaType}`;
  return [
    `${indent}${manifests.length > 0 ? 'index' : 'manifest'}${shown} ${digest} ${formatBytes(size)} ${mediaType}`,
    ...(config === undefined ? [] : [part('config', config)]),
    ...layers.map((layer) => part('layer', layer)),
    ...manifests.flatMap((child) => treeLines(child, `${indent}  `)),
    ...referrers.map((referrer) => `${part('referrer', referrer)}${referrer.artifactType === undefined ? '' : ` (${referrer.artifactType})`}`),
  ];
}
