import type { KubeObject } from '#cluster/api';
import { isStatus } from '#cluster/client';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';
import { UsageError } from '../errors.ts';
import { parseOptions, wholeNumber } from '../options.ts';
import { say, type Terminal } from '../terminal.ts';
import { type Cluster, CLUSTER_OPTIONS, CLUSTER_USAGE, connectCluster } from './connect.ts';
import { readDocuments } from './documents.ts';
import { discoverKinds, type Kind, kindOfDocument, qualified } from './kinds.ts';
import { namespaceOf, placeOf } from './place.ts';
import { parseTargets } from './targets.ts';
import { untilGone } from './until-gone.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const OPTIONS = {
  filename: { ...text, short: 'f', multiple: true },
  selector: { ...text, short: 'l' },
  all: flag,
  cascade: { ...text, default: 'background' },
  'grace-period': text,
  'ignore-not-found': flag,
  wait: { type: 'boolean', default: true },
  ...CLUSTER_OPTIONS,
} as const;
type Values = ReturnType<typeof parseOptions<{ options: typeof OPTIONS }>>['values'];
const POLICIES: Readonly<Record<string, string>> = { background: 'Background', foreground: 'Foreground', orphan: 'Orphan' };

interface Doomed {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
}

export const deleteObjects: Command = {
  usage:
    `delete [--cascade background|foreground|orphan] [--grace-period SECONDS] [--ignore-not-found] [--wait=false]\n       ${CLUSTER_USAGE}\n` +
    '       KIND NAME... | KIND/NAME... | KIND -l SELECTOR | KIND --all | -f FILE|FOLDER|-',
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: OPTIONS, allowPositionals: true });
    if ((values.filename === undefined) === (positionals.length === 0))
      throw new UsageError('Cannot tell what to delete: give KIND NAME, KIND/NAME, or -f FILE');
    const options = deleteOptions(values);
    const documents = values.filename === undefined ? undefined : await readDocuments(values.filename, terminal);
    using cluster = await connectCluster(values, terminal);
    const kinds = await discoverKinds(cluster.client);
    const doomed = documents === undefined ? await fromOperands(cluster, kinds, positionals, values) : fromDocuments(cluster, kinds, documents, values);
    if (doomed.length === 0) terminal.stderr.write('No resources found\n');
    return await forEach(doomed, terminal, (one) => deleteOne(cluster, one, { options, values }, terminal));
  },
};

function deleteOptions(values: Values): object {
  const propagationPolicy = POLICIES[values.cascade];
  if (propagationPolicy === undefined) throw new UsageError(`Cannot take "${values.cascade}" for --cascade: it is ${Object.keys(POLICIES).join(', ')}`);
  const gracePeriodSeconds = wholeNumber('--grace-period', values['grace-period']);
  return { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy, ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) };
}

function fromDocuments(cluster: Cluster, kinds: readonly Kind[], documents: readonly KubeObject[], values: Values): readonly Doomed[] {
  return documents.map((object) => ({
    kind: kindOfDocument(kinds, object.apiVersion, object.kind),
    namespace: namespaceOf(cluster, object, values.namespace),
    name: object.metadata.name ?? '',
  }));
}

async function fromOperands(cluster: Cluster, kinds: readonly Kind[], operands: readonly string[], values: Values): Promise<readonly Doomed[]> {
  const { namespace } = cluster;
  const doomed: Doomed[] = [];
  for (const { kind, name } of parseTargets(kinds, operands)) {
    if (name !== undefined) {
      if (values.selector !== undefined || values.all) throw new UsageError('Cannot delete by name and by -l or --all at once');
      doomed.push({ kind, namespace, name });
      continue;
    }
    if (values.selector === undefined && !values.all)
      throw new UsageError(`Cannot delete every ${kind.singular} unasked: name one, or give -l SELECTOR or --all`);
    const { body } = await cluster.client.json({ path: placeOf(kind, namespace, undefined, { labelSelector: values.selector }) });
    // A list, as the path says.
    for (const { metadata } of (body as { items?: readonly KubeObject[] }).items ?? []) doomed.push({ kind, namespace, name: metadata.name ?? '' });
  }
  return doomed;
}

interface How {
  readonly options: object;
  readonly values: Values;
}

async function deleteOne(cluster: Cluster, { kind, namespace, name }: Doomed, { options, values }: How, terminal: Terminal): Promise<void> {
  try {
    await cluster.client.json({ method: 'DELETE', path: placeOf(kind, namespace, name), body: options });
  } catch (error) {
    if (values['ignore-not-found'] && isStatus(error, 'NotFound')) return;
    throw error;
  }
  say(terminal, `${qualified(kind)} "${name}" deleted`);
  if (values.wait) await untilGone(cluster.client, kind, namespace, name);
}
