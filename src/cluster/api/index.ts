export type * from './types.ts';
export * from './errors.ts';
export type * from './generated/types.ts';
