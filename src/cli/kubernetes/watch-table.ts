import type { Status } from '#cluster/api';
import type { RawClient, RawRequest } from '#cluster/client';
import { CommandError } from '../errors.ts';
import { type ServerTable, TABLE_FORM } from './server-table.ts';

interface TableEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: ServerTable | Status;
}

/** The list as a Table, then a Table for each change, until the server ends the watch. Errors: those of the client, `COMMAND_FAILED`. */
export async function* watchTable(client: RawClient, path: Exclude<RawRequest['path'], string>): AsyncGenerator<ServerTable> {
  // A Table, as asked for.
  const list = (await client.json({ path, accept: TABLE_FORM })).body as ServerTable;
  yield list;
  const query = { ...path.query, watch: 'true', resourceVersion: list.metadata.resourceVersion ?? '' };
  // Events, in the form of the watch protocol.
  const events = client.lines({ path: { ...path, query }, accept: TABLE_FORM }) as AsyncGenerator<TableEvent>;
  for await (const { type, object } of events) {
    if (type === 'ERROR') throw new CommandError(`The watch ended: ${(object as Status).message}. Start it again`);
    if (type !== 'BOOKMARK') yield object as ServerTable;
  }
}
