import { tarInvalid } from '../errors.ts';
import { BLOCK_BYTES, type EntryKind, type TarEntry, XATTR_PREFIX } from './entry.ts';
import { ByteSource } from './byte-source.ts';
import { checkLink, shown } from './names.ts';

const KINDS: Readonly<Record<string, EntryKind>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};
/** Entries without content all come out of one piece of the stream, and nothing else on this thread would be done between them. */
const ENTRIES_A_TURN = 16;
/** Longest header (pax or GNU long name) that is believed; all headers about the whole archive together are no longer either. */
const HEADER_BYTES_MAX = 1024 * 1024;
/** Records of one header, and of all those about the whole archive: those go into every entry. */
const [RECORDS_MAX, GLOBAL_RECORDS_MAX] = [1_000, 100];

type Pax = Map<string, Buffer>;

/** Reads ustar, pax and GNU archives (POSIX.1-2017 pax, "ustar Interchange Format"). Errors: `TAR_INVALID`. */
export class TarReader implements AsyncDisposable {
  readonly #source: ByteSource;
  #globals: Pax = new Map();
  #globals_bytes = 0;
  #left_bytes = 0;
  #entries = 0;
  #padding_bytes = 0;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#source = new ByteSource(content);
  }

  /** The next entry, or undefined at the end. What was not read of the one before is passed over. Every so many entries others get their turn. */
  async next(): Promise<TarEntry | undefined> {
    if ((this.#entries += 1) % ENTRIES_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    let pax: Pax = new Map();
    const long: { path?: string; link?: string } = {};
    for (;;) {
      const header = await this.#header();
      if (header === undefined) return undefined;
      const type = header.toString('latin1', 156, 157);
      const size = whole('size', number(header, 124, 12), SIZE_MAX);
      if (type === 'x') pax = parsePax(await this.#body(size));
      else if (type === 'g') this.#addGlobals(await this.#body(size));
      else if (type === 'L') long.path = text(await this.#body(size));
      else if (type === 'K') long.link = text(await this.#body(size));
      else return this.#entry(header, type, new Map([...this.#globals, ...pax]), long);
    }
  }

  #addGlobals(body: Buffer): void {
    this.#globals = new Map([...this.#globals, ...parsePax(body)]);
    this.#globals_bytes += body.length;
    if (this.#globals.size > GLOBAL_RECORDS_MAX || this.#globals_bytes > HEADER_BYTES_MAX)
      throw tarInvalid(`its headers about all entries have more than ${GLOBAL_RECORDS_MAX} records, or than ${HEADER_BYTES_MAX} bytes`);
  }

  /** The content of the entry that `next` answered last. */
  async *content(): AsyncIterable<Buffer> {
    while (this.#left_bytes > 0) {
      const piece = await this.#source.some(this.#left_bytes);
      if (piece === undefined) throw tarInvalid('it ends in the middle of a file');
      this.#left_bytes -= piece.length;
      yield piece;
    }
  }

  /** Reads what follows the archive's end, so that whoever hashes the bytes sees them all. */
  async finish(): Promise<void> {
    while ((await this.#source.some(1 << 20)) !== undefined);
  }

  /** Lets go of the stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]();
  }

  async #header(): Promise<Buffer | undefined> {
    for await (const piece of this.content()) void piece;
    await this.#source.skip(this.#padding_bytes);
    this.#padding_bytes = 0;
    let empty = 0;
    while (empty < 2) {
      const block = await this.#source.exactly(BLOCK_BYTES);
      if (block === undefined) {
        if (empty === 0 && (await this.#source.peek()).length > 0) throw tarInvalid('it ends in the middle of a header');
        return undefined;
      }
      if (block.some((byte) => byte !== 0)) {
        checkSum(block);
        return block;
      }
      empty += 1;
    }
    return undefined;
  }

  async #body(size: number): Promise<Buffer> {
    if (size > HEADER_BYTES_MAX) throw tarInvalid(`a header of ${size} bytes is longer than ${HEADER_BYTES_MAX}`);
    const body = await this.#source.exactly(size);
    if (body === undefined) throw tarInvalid('it ends in the middle of a header');
    await this.#source.skip(padding(size));
    return body;
  }

  #entry(header: Buffer, type: string, pax: Pax, long: { path?: string; link?: string }): TarEntry {
    const kind = KINDS[type];
    const path = latin1(pax.get('path')) ?? long.path ?? headerPath(header);
    if (kind === undefined) throw tarInvalid(`entry ${shown(path)} is of type ${shown(type)}, which is not supported`);
    if ([...pax.keys()].some((key) => key.startsWith('GNU.sparse.'))) throw tarInvalid(`entry ${shown(path)} is a sparse file, which is not supported`);
    const size = whole('size', decimal(pax.get('size')) ?? number(header, 124, 12), SIZE_MAX);
    const link = latin1(pax.get('linkpath')) ?? long.link ?? text(header.subarray(157, 257));
    if (kind === 'symlink' || kind === 'hardlink') checkLink(path, link);
    const isDevice = kind === 'character' || kind === 'block';
    const isFile = kind === 'file' && !path.endsWith('/');
    this.#left_bytes = kind === 'file' ? size : 0;
    this.#padding_bytes = kind === 'file' ? padding(size) : 0;
    return {
      path,
      kind: kind === 'file' && !isFile ? 'directory' : kind,
      mode: number(header, 100, 8) & 0o7777,
      uid: whole('owner', decimal(pax.get('uid')) ?? number(header, 108, 8), ID_MAX),
      gid: whole('group', decimal(pax.get('gid')) ?? number(header, 116, 8), ID_MAX),
      size: isFile ? size : 0,
      mtime_s: time(decimal(pax.get('mtime')) ?? number(header, 136, 12)),
      link,
      major: isDevice ? whole('major device number', number(header, 329, 8), MAJOR_MAX) : 0,
      minor: isDevice ? whole('minor device number', number(header, 337, 8), MINOR_MAX) : 0,
      xattrs: new Map([...pax].filter(([key]) => key.startsWith(XATTR_PREFIX)).map(([key, value]) => [key.slice(XATTR_PREFIX.length), value])),
    };
  }
}

/** What chown(2) takes. */
const ID_MAX = 2 ** 32 - 1;
/** More than any file has. Whether the disk has room is for those to say who write it. */
const SIZE_MAX = 2 ** 63;
/** What a device number of Linux has room for: a larger one would become another device, or the mark of a removed file. */
const [MAJOR_MAX, MINOR_MAX] = [2 ** 12 - 1, 2 ** 20 - 1];
/** As far from the epoch as JavaScript's dates go: 271,821 years. */
const TIME_S_MAX = 8.64e12;

/** Errors: `TAR_INVALID` for what is no count: with a part of a byte the reader would wait for ever. */
function whole(what: string, value: number, most: number): number {
  if (!Number.isInteger(value) || value < 0 || value > most) throw tarInvalid(`an entry has the ${what} ${value}`);
  return value;
}

function time(seconds: number): number {
  if (Math.abs(seconds) > TIME_S_MAX) throw tarInvalid(`an entry has the time ${seconds}, which no file can have`);
  return seconds;
}

function padding(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

function headerPath(header: Buffer): string {
  const name = text(header.subarray(0, 100));
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Text up to the first NUL. */
function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

function latin1(bytes: Buffer | undefined): string | undefined {
  return bytes?.toString('latin1');
}

function decimal(bytes: Buffer | undefined): number | undefined {
  if (bytes === undefined) return undefined;
  const written = bytes.toString('latin1', 0, 64);
  if (!/^-?\d+(?:\.\d*)?$/.test(written)) throw tarInvalid(`a pax header has a number that is none: ${shown(written)}`);
  return Number(written);
}

/** An octal number, or one in GNU's base 256. */
function number(header: Buffer, start: number, length: number): number {
  const first = header[start] ?? 0;
  if (first & 0x80) {
    let value = first & 0x40 ? first - 0x100 : first & 0x7f;
    for (let at = start + 1; at < start + length; at += 1) value = value * 256 + (header[at] ?? 0);
    return value;
  }
  const digits = header
    .toString('latin1', start, start + length)
    .replaceAll('\0', ' ')
    .trim();
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw tarInvalid('a header has a number that is none: this is no tar archive');
  return Number.parseInt(digits, 8);
}

function checkSum(block: Buffer): void {
  const expected = number(block, 148, 8);
  let sum = 8 * 32;
  for (let at = 0; at < BLOCK_BYTES; at += 1) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  if (sum !== expected) throw tarInvalid('a header has a wrong check sum: this is no tar archive, or it is damaged');
}

function parsePax(body: Buffer): Pax {
  const records: Pax = new Map();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = space - at > 8 ? 0 : Number(body.toString('latin1', at, space));
    const equals = body.indexOf(0x3d, space);
    if (space < 0 || equals < 0 || !Number.isInteger(length) || length < 5 || at + length > body.length || equals >= at + length)
      throw tarInvalid('a pax header is damaged');
    records.set(body.toString('latin1', space + 1, equals), body.subarray(equals + 1, at + length - 1));
    at += length;
    if (records.size > RECORDS_MAX) throw tarInvalid(`a pax header has more than ${RECORDS_MAX} records`);
  }
  return records;
}
