import { readFile, writeFile } from 'node:fs/promises';
import { isLive } from './container.ts';
import { EMBEDDED_DNS, resolvConfText } from './name-files.ts';
import { pathsOf, type Rooms } from './rooms.ts';
import type { Entry } from './table.ts';

/**
 * A running container that was on the default bridge alone, where nobody answers names, and has joined a network of its user's is
 * answered from then on. The file is written in place: it is bind-mounted.
 */
export async function answerNamesOfJoined(rooms: Rooms, entry: Entry): Promise<void> {
  const { record } = entry;
  if (!isLive(record.state) || record.spec.network.kind !== 'networks') return;
  const { resolvConf } = pathsOf(rooms, record);
  if ((await readFile(resolvConf, 'utf8')).includes(`nameserver ${EMBEDDED_DNS}`)) return;
  const { text, embedded } = resolvConfText(record, await rooms.wires.hostResolvConf(), {
    own: true,
    userDefined: Object.keys(record.endpoints).some((name) => name !== 'bridge'),
  });
  if (!embedded) return;
  await rooms.wires.serveNames(entry);
  await writeFile(resolvConf, text);
}
