import type { KubeObject } from '#cluster/api';
import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say, type Terminal } from '../terminal.ts';
import { type Cluster, CLUSTER_OPTIONS, CLUSTER_USAGE, connectCluster } from './connect.ts';
import { apiVersionOf, discoverKinds, type Kind, qualified } from './kinds.ts';
import { placeOf } from './place.ts';
import { type ServerTable, TABLE_FORM, TablePrinter } from './server-table.ts';
import { parseTargets, type Target } from './targets.ts';
import { watchTable } from './watch-table.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const OPTIONS = {
  output: { ...text, short: 'o' },
  watch: { ...flag, short: 'w' },
  selector: { ...text, short: 'l' },
  'field-selector': text,
  'all-namespaces': { ...flag, short: 'A' },
  'no-headers': flag,
  'show-managed-fields': flag,
  ...CLUSTER_OPTIONS,
} as const;
type Values = ReturnType<typeof parseOptions<{ options: typeof OPTIONS }>>['values'];
/** Old parsers, of which there are many, take bare dates and words such as `on` for something else. */
const YAML_FORM = { lineWidth: 0, version: '1.1' } as const;
const FORMS = [undefined, 'wide', 'json', 'yaml', 'name'];

export const get: Command = {
  usage:
    'get [-o wide|json|yaml|name] [-w] [-l SELECTOR] [--field-selector SELECTOR] [-A] [--no-headers] [--show-managed-fields]\n' +
    `       ${CLUSTER_USAGE}\n` +
    '       KIND[,KIND...] [NAME...] | KIND/NAME...\n' +
    '       A kind is written as pods, pod, po or deployments.apps; "all" stands for the usual ones.',
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: OPTIONS, allowPositionals: true });
    if (positionals.length === 0) throw new UsageError('Cannot get nothing: gantry get KIND [NAME]');
    if (!FORMS.includes(values.output)) throw new UsageError(`Cannot print objects as "${values.output}": the forms are wide, json, yaml and name`);
    using cluster = await connectCluster(values, terminal);
    const targets = parseTargets(await discoverKinds(cluster.client), positionals);
    const named = targets.some(({ name }) => name !== undefined);
    if (named && values['all-namespaces']) throw new UsageError('Cannot get an object by its name from all namespaces: leave out -A, or the name');
    if (named && values.selector !== undefined) throw new UsageError('Cannot select by labels (-l) and by name at once');
    const asked: Asked = { cluster, values, namespace: values['all-namespaces'] ? undefined : cluster.namespace };
    if (values.watch) return await watch(asked, targets, terminal);
    return await (values.output === undefined || values.output === 'wide' ? printTables(asked, targets, terminal) : printObjects(asked, targets, terminal));
  },
};

interface Asked {
  readonly cluster: Cluster;
  readonly values: Values;
  /** Undefined for all. */
  readonly namespace: string | undefined;
}

function requestOf({ values, namespace }: Asked, { kind, name }: Target) {
  const query = name === undefined ? { labelSelector: values.selector, fieldSelector: values['field-selector'] } : {};
  return placeOf(kind, namespace, name, query);
}

async function printTables(asked: Asked, targets: readonly Target[], terminal: Terminal): Promise<number> {
  const kinds = [...new Set(targets.map(({ kind }) => kind))];
  let printed = false;
  for (const kind of kinds) {
    const printer = printerOf(asked, kind, kinds.length > 1);
    const rows: NonNullable<ServerTable['rows']>[number][] = [];
    let columnDefinitions: ServerTable['columnDefinitions'] = null;
    for (const target of targets) {
      if (target.kind !== kind) continue;
      // A Table, as asked for.
      const table = (await asked.cluster.client.json({ path: requestOf(asked, target), accept: TABLE_FORM })).body as ServerTable;
      columnDefinitions ??= table.columnDefinitions;
      rows.push(...(table.rows ?? []));
    }
    if (rows.length === 0) continue;
    if (printed) say(terminal, '');
    printed = true;
    for (const line of printer.lines({ columnDefinitions, rows })) say(terminal, line);
  }
  if (!printed) terminal.stderr.write(`${nothingFound(asked, kinds)}\n`);
  return 0;
}

function nothingFound({ namespace }: Asked, kinds: readonly Kind[]): string {
  return kinds.some(({ namespaced }) => namespaced) && namespace !== undefined ? `No resources found in ${namespace} namespace.` : 'No resources found';
}

function printerOf({ values, namespace }: Asked, kind: Kind, several: boolean): TablePrinter {
  return new TablePrinter({
    wide: values.output === 'wide',
    namespaces: kind.namespaced && namespace === undefined,
    prefix: several ? `${qualified(kind)}/` : '',
    headings: !values['no-headers'],
  });
}

async function watch(asked: Asked, targets: readonly Target[], terminal: Terminal): Promise<number> {
  const [target, ...more] = targets;
  if (target === undefined || more.length > 0) throw new UsageError('Cannot watch more than one kind or object at once');
  if (asked.values.output !== undefined && asked.values.output !== 'wide') throw new UsageError(`Cannot watch with -o ${asked.values.output}: rows only`);
  const printer = printerOf(asked, target.kind, false);
  for await (const table of watchTable(asked.cluster.client, target.name === undefined ? requestOf(asked, target) : byName(asked, target)))
    for (const line of printer.lines(table)) say(terminal, line);
  return 0;
}

/** A watch is of a list; one object is picked out of it by its name. */
function byName({ namespace }: Asked, { kind, name }: Target) {
  return placeOf(kind, namespace, undefined, { fieldSelector: `metadata.name=${name}` });
}

async function printObjects(asked: Asked, targets: readonly Target[], terminal: Terminal): Promise<number> {
  const found: { readonly kind: Kind; readonly object: KubeObject }[] = [];
  for (const target of targets) {
    const { body } = await asked.cluster.client.json({ path: requestOf(asked, target) });
    // An object where a name was said, else a list of them, as the API has it.
    const objects = target.name === undefined ? ((body as { items?: readonly KubeObject[] }).items ?? []) : [body as KubeObject];
    for (const object of objects) found.push({ kind: target.kind, object });
  }
  if (asked.values.output === 'name') {
    for (const { kind, object } of found) say(terminal, `${qualified(kind)}/${object.metadata.name}`);
    return 0;
  }
  const objects = found.map(({ kind, object }) => shown(kind, object, asked.values['show-managed-fields']));
  const single = targets.length === 1 && targets[0]?.name !== undefined;
  const whole = single ? objects[0] : { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: objects };
  terminal.stdout.write(asked.values.output === 'json' ? `${JSON.stringify(whole, null, 4)}\n` : (await import('yaml')).stringify(whole, YAML_FORM));
  return 0;
}

/** In lists the objects come without kind and version; what manages which field is noise but to those who ask. */
function shown(kind: Kind, object: KubeObject, managed: boolean): object {
  const { managedFields, ...metadata } = object.metadata;
  const { apiVersion = apiVersionOf(kind), kind: name = kind.kind, metadata: _metadata, ...rest } = object as Partial<KubeObject>;
  return { apiVersion, kind: name, metadata: managed && managedFields ? { ...metadata, managedFields } : metadata, ...rest };
}
