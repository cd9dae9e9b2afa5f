import { join } from 'node:path';

/** Where the cluster's state is kept in a data dir. */
export const storePath = (dataDir: string): string => join(dataDir, 'cluster', 'store.lmdb');
