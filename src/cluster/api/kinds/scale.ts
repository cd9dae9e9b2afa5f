import type { V1Scale } from '../generated/types.ts';
import { ageColumn, column, nameColumn } from '../table/column.ts';
import { strategy, type Strategy } from './strategy.ts';

/** The view of what has replicas; no resource of its own. */
export const SCALE: Readonly<Record<string, Strategy>> = {
  V1Scale: strategy<V1Scale>({
    columns: [
      nameColumn,
      column<V1Scale>('Desired', ({ spec }) => spec?.replicas ?? 0, 0, 'integer'),
      column<V1Scale>('Available', ({ status }) => status?.replicas ?? 0, 0, 'integer'),
      ageColumn,
    ],
  }),
};
