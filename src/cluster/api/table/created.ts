import { type Column, column, nameColumn } from './column.ts';

/** The machinery's table, of kinds that have none of their own: the time of creation where others have an age. */
export const CREATED_COLUMNS: readonly Column[] = [nameColumn, { ...column('Created At', ({ metadata }) => metadata.creationTimestamp ?? ''), type: 'date' }];
