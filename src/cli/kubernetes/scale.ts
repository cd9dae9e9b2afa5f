import type { Command } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { parseOptions, wholeNumber } from '../options.ts';
import { say } from '../terminal.ts';
import { CLUSTER_OPTIONS, CLUSTER_USAGE, connectCluster } from './connect.ts';
import { discoverKinds, qualified } from './kinds.ts';
import { placeOf } from './place.ts';
import { parseTargets } from './targets.ts';

export const scale: Command = {
  usage: `scale --replicas N ${CLUSTER_USAGE} KIND/NAME... | KIND NAME...`,
  async run(commandArguments, terminal) {
    const options = { replicas: { type: 'string' }, ...CLUSTER_OPTIONS } as const;
    const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
    const replicas = wholeNumber('--replicas', values.replicas);
    if (replicas === undefined || positionals.length === 0)
      throw new UsageError('Cannot scale without a number and a name: gantry scale KIND/NAME --replicas N');
    using cluster = await connectCluster(values, terminal);
    for (const { kind, name } of parseTargets(await discoverKinds(cluster.client), positionals)) {
      if (name === undefined) throw new UsageError(`Cannot scale every ${kind.singular}: name one, as ${kind.singular}/NAME`);
      if (!kind.subresources.includes('scale')) throw new CommandError(`Cannot scale ${qualified(kind)}/${name}: a ${kind.kind} has no replicas to set`);
      await cluster.client.json({
        method: 'PATCH',
        path: { ...placeOf(kind, cluster.namespace, name, { fieldManager: 'gantry' }), subresource: 'scale' },
        contentType: 'application/merge-patch+json',
        body: { spec: { replicas } },
      });
      say(terminal, `${qualified(kind)}/${name} scaled`);
    }
    return 0;
  },
};
