import { BLOCK_BYTES, type EntryKind, type TarEntry, XATTR_PREFIX } from './entry.ts';

const TYPES: Readonly<Record<EntryKind, string>> = { file: '0', hardlink: '1', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6' };
const OCTAL_7 = 0o7777777;
const OCTAL_11 = 0o77777777777;

/** The header of an entry: ustar, with a pax header before it where ustar cannot say it. The same entry gives the same bytes, always. */
export function encodeHeader(entry: TarEntry): Buffer {
  const path = entry.kind === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path;
  const pax = paxRecords({ ...entry, path });
  const main = ustar({ ...entry, path }, TYPES[entry.kind]);
  if (pax.length === 0) return main;
  const body = Buffer.concat(pax);
  const carrier: TarEntry = {
    ...entry,
    path: 'PaxHeaders/0',
    kind: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime_s: 0,
    link: '',
    major: 0,
    minor: 0,
  };
  return Buffer.concat([ustar(carrier, 'x'), body, paddingFor(body.length), main]);
}

/** The zeros that fill a file's last block. */
export function paddingFor(size: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** What ends an archive. */
export function endOfArchive(): Buffer {
  return Buffer.alloc(2 * BLOCK_BYTES);
}

function paxRecords(entry: TarEntry): Buffer[] {
  const records = new Map<string, Buffer>();
  if (entry.path.length > 100 || !isAscii(entry.path)) records.set('path', Buffer.from(entry.path, 'latin1'));
  if (entry.link.length > 100 || !isAscii(entry.link)) records.set('linkpath', Buffer.from(entry.link, 'latin1'));
  if (entry.uid > OCTAL_7) records.set('uid', Buffer.from(String(entry.uid)));
  if (entry.gid > OCTAL_7) records.set('gid', Buffer.from(String(entry.gid)));
  if (entry.size > OCTAL_11) records.set('size', Buffer.from(String(entry.size)));
  if (entry.mtime_s < 0 || entry.mtime_s > OCTAL_11) records.set('mtime', Buffer.from(String(Math.floor(entry.mtime_s))));
  for (const name of [...entry.xattrs.keys()].sort()) records.set(`${XATTR_PREFIX}${name}`, entry.xattrs.get(name) ?? Buffer.alloc(0));
  return [...records].map(([key, value]) => paxRecord(key, value));
}

/** `LENGTH key=value\n`, where the length counts its own digits. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')]);
  let length = rest.length + String(rest.length).length;
  if (String(length).length !== String(rest.length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function ustar(entry: TarEntry, type: string): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, digits: number) => header.write(Math.max(0, value).toString(8).padStart(digits, '0'), at, digits, 'latin1');
  header.write(entry.path.slice(0, 100), 0, 100, 'latin1');
  octal(entry.mode, 100, 7);
  octal(entry.uid > OCTAL_7 ? 0 : entry.uid, 108, 7);
  octal(entry.gid > OCTAL_7 ? 0 : entry.gid, 116, 7);
  octal(entry.size > OCTAL_11 ? 0 : entry.size, 124, 11);
  octal(entry.mtime_s > OCTAL_11 ? 0 : Math.floor(entry.mtime_s), 136, 11);
  header.fill(' ', 148, 156);
  header.write(type, 156, 'latin1');
  header.write(entry.link.slice(0, 100), 157, 100, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  octal(entry.major, 329, 7);
  octal(entry.minor, 337, 7);
  let sum = 0;
  for (let at = 0; at < BLOCK_BYTES; at += 1) sum += header[at] ?? 0;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}
