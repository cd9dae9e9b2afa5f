/** A place in the store's history; grows with every write (etcd's revision). */
export type Revision = number;
