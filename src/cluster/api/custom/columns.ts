import type { Cell, Column } from '../table/column.ts';
import { age } from '../table/duration.ts';
import { readJsonPath } from './json-path.ts';
import type { CustomColumn, CustomKind } from './kind.ts';

const NAME: Column = { name: 'Name', type: 'string', format: 'name', priority: 0, cell: ({ metadata }) => metadata.name ?? '' };

/** The columns of a kind that a definition describes. */
export function customColumns({ columns }: CustomKind): readonly Column[] {
  return [NAME, ...columns.map(columnOf)];
}

function columnOf(column: CustomColumn): Column {
  const { name, type, format, description, priority, path } = column;
  return { name, type, format, description, priority, cell: (object, now_ms) => cellOf(column, readJsonPath(path, object)[0], now_ms) };
}

function cellOf({ type }: CustomColumn, value: unknown, now_ms: number): Cell {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? age(value, now_ms) : '<invalid>';
    default:
      return typeof value === 'string' ? value : JSON.stringify(value);
  }
}
