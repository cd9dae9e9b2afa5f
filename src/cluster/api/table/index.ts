import type { ServedResource } from '../resources.ts';
import type { KubeObject } from '../types.ts';
import { customColumns } from '../custom/columns.ts';
import { strategyOf } from '../kinds/index.ts';
import { type Cell, PLAIN_COLUMNS } from './column.ts';
import { ANY_RESOURCE, columnDescriptions } from './descriptions.ts';

export { humanDuration } from './duration.ts';

/** meta.k8s.io/v1 Table: what `kubectl get` prints. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string; readonly remainingItemCount?: number };
  readonly columnDefinitions: readonly {
    readonly name: string;
    readonly type: string;
    readonly format: string;
    readonly description: string;
    readonly priority: number;
  }[];
  readonly rows: readonly { readonly cells: readonly Cell[]; readonly object?: unknown }[];
}

interface TableOptions {
  readonly now_ms: number;
  readonly includeObject: 'Metadata' | 'Object' | 'None';
  /** Of meta.k8s.io, for the metadata of rows: v1 unless it is said. */
  readonly metaVersion?: string;
  readonly metadata?: Table['metadata'];
}

/** Objects of one resource as a Table; each row carries the whole object, its metadata or nothing, as the request says. */
export function toTable(resource: ServedResource, objects: readonly KubeObject[], options: TableOptions): Table {
  const told = columnDescriptions(resource.custom === undefined ? resource.resource : ANY_RESOURCE);
  const columns = resource.custom === undefined ? (strategyOf(resource).columns ?? PLAIN_COLUMNS) : customColumns(resource.custom);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata ?? {},
    columnDefinitions: columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format,
      description: description ?? told.get(name) ?? '',
      priority,
    })),
    rows: objects.map((object) => ({ cells: columns.map(({ cell }) => cell(object, options.now_ms)), ...rowObject(object, options) })),
  };
}

function rowObject(object: KubeObject, { includeObject, metaVersion = 'v1' }: TableOptions): { object?: unknown } {
  if (includeObject === 'None') return {};
  if (includeObject === 'Object') return { object };
  return { object: { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${metaVersion}`, metadata: object.metadata } };
}
