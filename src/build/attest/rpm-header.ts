import type { Package } from './packages.ts';

/** What of a header is read here. */
export interface RpmHeader {
  readonly name?: string;
  readonly version?: string;
  readonly release?: string;
  readonly epoch?: number;
  readonly license?: string;
  readonly architecture?: string;
}

// Of rpm's file format: an entry of the index has tag, type, offset and count, four bytes each.
const ENTRY_BYTES = 16;
const ENTRIES_MAX = 65_536;
const [INT32, STRING, I18NSTRING] = [4, 6, 9];
const TAGS = { 1000: 'name', 1001: 'version', 1002: 'release', 1003: 'epoch', 1014: 'license', 1022: 'architecture' } as const;

/** Reads a header as rpm's databases keep it (rpm, "Header format"), without its magic. What does not read is left out. Pure. */
export function parseRpmHeader(bytes: Buffer): RpmHeader {
  if (bytes.length < 8) return {};
  const [count, length] = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)];
  const data_at = 8 + count * ENTRY_BYTES;
  if (count > ENTRIES_MAX || data_at + length > bytes.length) return {};
  const data = bytes.subarray(data_at, data_at + length);
  const header: { -readonly [K in keyof RpmHeader]: RpmHeader[K] } = {};
  for (let index = 0; index < count; index += 1) {
    const at = 8 + index * ENTRY_BYTES;
    const [tag, type, offset] = [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4), bytes.readUInt32BE(at + 8)];
    if (!isTag(tag) || offset >= data.length) continue;
    const field = TAGS[tag];
    if (field === 'epoch') {
      if (type === INT32 && offset + 4 <= data.length) header.epoch = data.readUInt32BE(offset);
    } else if (type === STRING || type === I18NSTRING) {
      const end = data.indexOf(0, offset);
      if (end >= 0) header[field] = data.toString('utf8', offset, end);
    }
  }
  return header;
}

/** None for the keys of signers, which lie among the packages. */
export function asPackage({ name, version, release, epoch, license, architecture }: RpmHeader): readonly Package[] {
  if (!name || !version || name === 'gpg-pubkey') return [];
  return [
    {
      type: 'rpm',
      name,
      version: release ? `${version}-${release}` : version,
      ...(architecture ? { architecture } : {}),
      ...(epoch === undefined ? {} : { epoch }),
      ...(license ? { license } : {}),
    },
  ];
}

function isTag(tag: number): tag is keyof typeof TAGS {
  return Object.hasOwn(TAGS, tag);
}
