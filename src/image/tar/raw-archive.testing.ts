import { BLOCK_BYTES } from './entry.ts';
import { paddingFor } from './write.ts';

/** A header as somebody may write it who means no good: nothing in it need be right but its sum. Texts are latin1. */
export interface RawEntry {
  readonly type: string;
  readonly path?: string;
  readonly link?: string;
  readonly content?: string;
  /** What the header says instead of the content's length. */
  readonly size?: string;
  readonly mode?: string;
  readonly uid?: string;
  readonly mtime?: string;
  readonly major?: string;
  readonly minor?: string;
  /** Records of a pax header before it. */
  readonly pax?: readonly (readonly [key: string, value: string])[];
  /** GNU's long names before it. */
  readonly longPath?: string;
  readonly longLink?: string;
}

/** The bytes of an entry with the headers before it. */
export function rawEntry(entry: RawEntry): Buffer {
  const { pax = [], longPath, longLink, content = '' } = entry;
  const before: Buffer[] = [];
  if (pax.length > 0) before.push(block({ type: 'x', path: 'pax', content: pax.map(paxRecord).join('') }));
  if (longPath !== undefined) before.push(block({ type: 'L', path: '././@LongLink', content: `${longPath}\0` }));
  if (longLink !== undefined) before.push(block({ type: 'K', path: '././@LongLink', content: `${longLink}\0` }));
  return Buffer.concat([...before, block({ ...entry, content })]);
}

/** The sum of a header (POSIX ustar), in which its own place counts as spaces. */
export function sumAnew(header: Buffer): void {
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

function block({ type, path = '', link = '', content = '', size, mode, uid, mtime, major, minor }: RawEntry): Buffer {
  const body = Buffer.from(content, 'latin1');
  const header = Buffer.alloc(BLOCK_BYTES);
  const write = (text: string, start: number, length: number) => header.write(text.slice(0, length), start, 'latin1');
  write(path, 0, 100);
  write(mode ?? '0000755', 100, 8);
  write(uid ?? '0000000', 108, 8);
  write('0000000', 116, 8);
  write(size ?? body.length.toString(8).padStart(11, '0'), 124, 12);
  write(mtime ?? '00000001000', 136, 12);
  write(type, 156, 1);
  write(link, 157, 100);
  write('ustar\x0000', 257, 8);
  write(major ?? '0000000', 329, 8);
  write(minor ?? '0000000', 337, 8);
  sumAnew(header);
  return Buffer.concat([header, body, paddingFor(body.length)]);
}

function paxRecord([key, value]: readonly [string, string]): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}
