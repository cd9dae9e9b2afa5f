import type { StoreWrite } from './types.ts';

/** What is written twice at one revision would be written once. Errors: TypeError; a transaction is put together by a program. */
export function refuseDoubleKeys(writes: readonly StoreWrite[]): void {
  const keys = new Set(writes.map(({ key }) => key));
  if (keys.size < writes.length) throw new TypeError('a transaction names a key twice');
}
