import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '#cluster/api';
import { isStatus } from '#cluster/client';
import { messageOf } from '#kit';
import type { Command } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say, type Terminal } from '../terminal.ts';
import { forEach } from '../each.ts';
import { type Cluster, CLUSTER_OPTIONS, CLUSTER_USAGE, connectCluster } from './connect.ts';
import { readDocuments } from './documents.ts';
import { discoverKinds, type Kind, kindOfDocument, qualified } from './kinds.ts';
import { namespaceOf, placeOf } from './place.ts';

const FIELD_MANAGER = 'gantry';
const OPTIONS = {
  filename: { type: 'string', short: 'f', multiple: true },
  'field-manager': { type: 'string', default: FIELD_MANAGER },
  'force-conflicts': { type: 'boolean', default: false },
  ...CLUSTER_OPTIONS,
} as const;

export const apply: Command = {
  usage: `apply -f FILE|FOLDER|- [-f ...] [--field-manager NAME] [--force-conflicts] ${CLUSTER_USAGE}`,
  async run(commandArguments, terminal) {
    const { values } = parseOptions({ args: [...commandArguments], options: OPTIONS });
    if (values.filename === undefined) throw new UsageError('Cannot apply nothing: gantry apply -f FILE, or -f - for standard input');
    const documents = await readDocuments(values.filename, terminal);
    using cluster = await connectCluster(values, terminal);
    const kinds = await discoverKinds(cluster.client);
    const how = { manager: values['field-manager'], force: values['force-conflicts'], namespace: values.namespace };
    return await forEach(documents, terminal, (object) => applyOne(cluster, kinds, object, how, terminal));
  },
};

interface How {
  readonly manager: string;
  readonly force: boolean;
  /** Of `-n`. */
  readonly namespace: string | undefined;
}

async function applyOne(cluster: Cluster, kinds: readonly Kind[], object: KubeObject, how: How, terminal: Terminal): Promise<void> {
  const kind = kindOfDocument(kinds, object.apiVersion, object.kind);
  const name = object.metadata.name ?? '';
  const namespace = namespaceOf(cluster, object, how.namespace);
  const before = await current(cluster, kind, namespace, name);
  const { status, body, warnings } = await cluster.client
    .json({
      method: 'PATCH',
      path: placeOf(kind, namespace, name, { fieldManager: how.manager, ...(how.force ? { force: 'true' } : {}) }),
      contentType: 'application/apply-patch+yaml',
      body: object,
    })
    .catch((error: unknown) => {
      if (isStatus(error, 'Conflict'))
        throw new CommandError(`Cannot apply ${qualified(kind)}/${name}: ${error.message}. --force-conflicts takes the fields over`);
      throw new CommandError(`Cannot apply ${qualified(kind)}/${name}: ${messageOf(error)}`, 1, { cause: error });
    });
  for (const warning of warnings) terminal.stderr.write(`Warning: ${warning}\n`);
  // The object as it is now.
  const after = body as KubeObject;
  const isSame = before !== undefined && isDeepStrictEqual(applied(after, object, how.manager), applied(before, object, how.manager));
  const word = status === 201 ? 'created' : isSame ? 'unchanged' : 'configured';
  say(terminal, `${qualified(kind)}/${name} ${word}`);
}

async function current(cluster: Cluster, kind: Kind, namespace: string | undefined, name: string): Promise<KubeObject | undefined> {
  try {
    // An object, as the path says.
    return (await cluster.client.json({ path: placeOf(kind, namespace, name) })).body as KubeObject;
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** What of an object an apply may change: controllers write its status and annotations of their own at the same time. */
function applied({ status: _, metadata, ...content }: KubeObject & { readonly status?: unknown }, wanted: KubeObject, manager: string): object {
  // A server writes nothing else there.
  const entries = (metadata.managedFields ?? []) as readonly { readonly manager?: string; readonly operation?: string; readonly fieldsV1?: unknown }[];
  const own = entries.filter((entry) => entry.manager === manager && entry.operation === 'Apply');
  const named = (texts: Readonly<Record<string, string>> = {}, of: Readonly<Record<string, string>> = {}) => Object.keys(of).map((key) => texts[key]);
  return {
    content,
    fields: own.map(({ fieldsV1 }) => fieldsV1),
    labels: named(metadata.labels, wanted.metadata.labels),
    annotations: named(metadata.annotations, wanted.metadata.annotations),
  };
}
