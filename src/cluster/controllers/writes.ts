import { isStatus } from '#cluster/client';

/** The answer, or undefined where the object has gone meanwhile. */
export async function ignoreGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** A value as it reads after a trip through JSON: to compare what is stored with what would be. */
export function withoutUndefined(value: unknown): unknown {
  return value === undefined ? {} : JSON.parse(JSON.stringify(value));
}
