import { type FileHandle, open } from 'node:fs/promises';
import type { Package } from './packages.ts';

// ELF-64, as the System V ABI has it: offsets in the header of the file, and in the header of a section.
const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const SECTIONS_MAX = 4_096;
const NAMES_BYTES_MAX = 1024 * 1024;
/** What a program of 10,000 modules says of itself. */
const INFO_BYTES_MAX = 4 * 1024 * 1024;
/** Of `debug/buildinfo`: what the section begins with, and where the strings are. */
const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const STRINGS_AT = 32;
const FLAGS_AT = 15;
const INLINE = 2;
/** Before and behind the text of the modules there are so many bytes of a mark. */
const MARK_BYTES = 16;

/** The modules that a program says it was built from (Go's `debug/buildinfo`, as of 1.18); none for any other file. */
export async function goModules(path: string): Promise<readonly Package[]> {
  await using file = await open(path, 'r');
  const section = await readSection(file, '.go.buildinfo');
  return section === undefined ? [] : parseBuildInfo(section);
}

/** The modules of a `.go.buildinfo` section; none where it does not read. Pure. */
export function parseBuildInfo(section: Buffer): readonly Package[] {
  if (!section.subarray(0, MAGIC.length).equals(MAGIC) || ((section[FLAGS_AT] ?? 0) & INLINE) === 0) return [];
  const version = stringAt(section, STRINGS_AT);
  const modules = version === undefined ? undefined : stringAt(section, version.end);
  if (version === undefined || modules === undefined) return [];
  const release = /^go(\d\S*)/.exec(version.text)?.[1];
  const library: Package[] = release === undefined ? [] : [{ type: 'golang', name: 'stdlib', version: release }];
  return [...library, ...parseModules(modules.text.slice(MARK_BYTES, -MARK_BYTES))];
}

/** The lines `mod`, `dep` and `=>` (which takes the place of the one above) of Go's module text. */
function parseModules(text: string): readonly Package[] {
  const lines = text.split('\n').map((line) => line.split('\t'));
  return lines.flatMap(([kind, name = '', version = ''], index): readonly Package[] => {
    const isMeant = kind === '=>' || ((kind === 'mod' || kind === 'dep') && lines[index + 1]?.[0] !== '=>');
    // What was built where it lies has no version, as the program itself and what a folder takes the place of.
    return isMeant && name !== '' && version !== '' && version !== '(devel)' ? [{ type: 'golang', name, version }] : [];
  });
}

/** A length as a varint, and so many bytes of UTF-8. */
function stringAt(bytes: Buffer, start: number): { readonly text: string; readonly end: number } | undefined {
  let [length, at, power] = [0, start, 1];
  for (; ; at += 1, power *= 128) {
    const byte = bytes[at];
    if (byte === undefined || power > 2 ** 28) return undefined;
    length += (byte & 127) * power;
    if (byte < 128) break;
  }
  const end = at + 1 + length;
  return end > bytes.length ? undefined : { text: bytes.toString('utf8', at + 1, end), end };
}

/** The content of an ELF-64 file's section of that name; undefined without one. */
async function readSection(file: FileHandle, name: string): Promise<Buffer | undefined> {
  const header = await readAt(file, 0, HEADER_BYTES);
  if (header === undefined || header.toString('latin1', 0, 4) !== '\x7fELF' || header[4] !== 2) return undefined;
  const isLittle = header[5] === 1;
  const view = viewOf(header, isLittle);
  const [sections_at, count, names_index] = [view.long(0x28), view.half(0x3c), view.half(0x3e)];
  if (view.half(0x3a) !== SECTION_BYTES || count === 0 || count > SECTIONS_MAX || names_index >= count) return undefined;
  const table = await readAt(file, sections_at, count * SECTION_BYTES);
  if (table === undefined) return undefined;
  const sections = Array.from({ length: count }, (_, index) => sectionOf(viewOf(table.subarray(index * SECTION_BYTES), isLittle)));
  const place = sections[names_index];
  const names = place && (await readAt(file, place.offset, Math.min(place.size, NAMES_BYTES_MAX)));
  const wanted = names && sections.find((section) => names.toString('latin1', section.name, section.name + name.length + 1) === `${name}\0`);
  return wanted && (await readAt(file, wanted.offset, Math.min(wanted.size, INFO_BYTES_MAX)));
}

function sectionOf(view: View): { readonly name: number; readonly offset: number; readonly size: number } {
  return { name: view.word(0), offset: view.long(0x18), size: view.long(0x20) };
}

interface View {
  half(at: number): number;
  word(at: number): number;
  long(at: number): number;
}

function viewOf(bytes: Buffer, isLittle: boolean): View {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    half: (at) => view.getUint16(at, isLittle),
    word: (at) => view.getUint32(at, isLittle),
    long: (at) => Number(view.getBigUint64(at, isLittle)),
  };
}

/** So many bytes, or undefined where the file is shorter. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  if (!Number.isSafeInteger(position) || length <= 0) return undefined;
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position);
  return bytesRead === length ? buffer : undefined;
}
