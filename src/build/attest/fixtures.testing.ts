import { DatabaseSync } from 'node:sqlite';

const MARK = 'x'.repeat(16);

/** A file that Go's tools would take for a program of those modules: ELF-64, little-endian, with one section of use. */
export function goProgram(release: string, modules: string): Buffer {
  const text = (content: string) => Buffer.concat([varint(Buffer.byteLength(content)), Buffer.from(content)]);
  const magic = Buffer.alloc(32);
  magic.write('\xff Go buildinf:', 'latin1');
  magic[15] = 2;
  const info = Buffer.concat([magic, text(release), text(`${MARK}${modules}${MARK}`)]);
  const names = Buffer.from('\0.shstrtab\0.go.buildinfo\0');
  // As large as no smaller program of Go's is.
  const body = Buffer.concat([info, names, Buffer.alloc(300 * 1024)]);
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  header.set([2, 1, 1], 4);
  header.writeBigUInt64LE(BigInt(header.length + body.length), 0x28);
  header.writeUInt16LE(64, 0x3a);
  header.writeUInt16LE(3, 0x3c);
  header.writeUInt16LE(1, 0x3e);
  const section = (name: number, offset: number, size: number) => {
    const bytes = Buffer.alloc(64);
    bytes.writeUInt32LE(name, 0);
    bytes.writeBigUInt64LE(BigInt(offset), 0x18);
    bytes.writeBigUInt64LE(BigInt(size), 0x20);
    return bytes;
  };
  const table = [Buffer.alloc(64), section(1, 64 + info.length, names.length), section(11, 64, info.length)];
  return Buffer.concat([header, body, ...table]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
}

/** A header as rpm's databases keep it: texts by their tags, and numbers. */
export function rpmHeader(fields: Readonly<Record<number, string | number>>): Buffer {
  const entries: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  // Numbers lie at multiples of four, so they come first.
  for (const [tag, value] of Object.entries(fields).sort(([, a], [, b]) => Number(typeof b === 'number') - Number(typeof a === 'number'))) {
    const bytes = typeof value === 'string' ? Buffer.from(`${value}\0`) : Buffer.alloc(4);
    if (typeof value === 'number') bytes.writeUInt32BE(value);
    const entry = Buffer.alloc(16);
    [Number(tag), typeof value === 'string' ? 6 : 4, offset, 1].forEach((number, index) => entry.writeUInt32BE(number, index * 4));
    entries.push(entry);
    data.push(bytes);
    offset += bytes.length;
  }
  const counts = Buffer.alloc(8);
  counts.writeUInt32BE(entries.length, 0);
  counts.writeUInt32BE(offset, 4);
  return Buffer.concat([counts, ...entries, ...data]);
}

/** A new database of rpm's at that path. */
export function writeRpmDatabase(
  path: string,
  headers: readonly Buffer[],
  schema = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)",
): void {
  const database = new DatabaseSync(path);
  database.exec(schema);
  for (const header of headers) database.prepare('INSERT INTO Packages (blob) VALUES (?)').run(header);
  database.close();
}
