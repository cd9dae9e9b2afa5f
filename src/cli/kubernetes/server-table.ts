import type { Table } from '#cluster/api';

/** What a server's Table holds, as it comes over the wire. */
export type ServerTable = Omit<Table, 'columnDefinitions' | 'rows'> & {
  /** Null in all but the first event of a watch. */
  readonly columnDefinitions: Table['columnDefinitions'] | null;
  readonly rows: Table['rows'] | null;
};
export const TABLE_FORM = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export interface TableShape {
  /** Columns of lower priority too. */
  readonly wide: boolean;
  readonly namespaces: boolean;
  /** What stands before each name, such as `pod/`. */
  readonly prefix: string;
  readonly headings: boolean;
}
const GAP = '   ';

/** Prints rows under headings; columns never become narrower, so that rows of a watch stand below each other. */
export class TablePrinter {
  readonly #shape: TableShape;
  #columns: Table['columnDefinitions'] = [];
  #widths: readonly number[] = [];
  #headed = false;

  constructor(shape: TableShape) {
    this.#shape = shape;
  }

  /** The lines of these rows, and before the first of them the headings. */
  lines(table: Pick<ServerTable, 'columnDefinitions' | 'rows'>): readonly string[] {
    if (table.columnDefinitions !== null && table.columnDefinitions.length > 0) this.#columns = table.columnDefinitions;
    const rows = (table.rows ?? []).map((row) => this.#cells(row));
    const headed = this.#headed || !this.#shape.headings || rows.length === 0 ? rows : [this.#headings(), ...rows];
    if (rows.length > 0) this.#headed = true;
    const count = Math.max(this.#widths.length, ...headed.map((cells) => cells.length));
    this.#widths = Array.from({ length: count }, (_none, column) =>
      Math.max(this.#widths[column] ?? 0, ...headed.map((cells) => (cells[column] ?? '').length)),
    );
    return headed.map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(this.#widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    );
  }

  #shown(): readonly number[] {
    return this.#columns.flatMap(({ priority }, column) => (this.#shape.wide || priority === 0 ? [column] : []));
  }

  #headings(): readonly string[] {
    const names = this.#shown().map((column) => (this.#columns[column]?.name ?? '').toUpperCase());
    return this.#shape.namespaces ? ['NAMESPACE', ...names] : names;
  }

  #cells({ cells, object }: Table['rows'][number]): readonly string[] {
    const texts = this.#shown().map((column) => cellText(cells[column]));
    if (this.#shape.prefix !== '') texts[0] = this.#shape.prefix + (texts[0] ?? '');
    // Rows carry PartialObjectMetadata where nothing else was asked for.
    const { metadata } = (object ?? {}) as { metadata?: { namespace?: string } };
    return this.#shape.namespaces ? [metadata?.namespace ?? '', ...texts] : texts;
  }
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '<none>';
  return (typeof cell === 'string' ? cell : JSON.stringify(cell)).replaceAll('\n', '\\n');
}
