import assert from 'node:assert/strict';
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { GantryError } from '#kit';
import type { Privileges } from './files.ts';
import { OPAQUE_XATTR } from './names.ts';
import { type RawEntry, rawEntry } from './raw-archive.testing.ts';
import { unpackLayer } from './unpack.ts';
import { endOfArchive } from './write.ts';

const RUNS = 600;
/** Thousands of small files: in memory, where that can be had. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
/** No archive of these takes a tenth of it. */
const HANG_MS = 10_000;
const seed = Number(process.env['GANTRY_SEED'] ?? Date.now() % 2 ** 31);

/** Nodes are files, a mark of a removed file has a name of its own kind; every call is held against what may come of an archive. */
type FilePath = Parameters<Privileges['xattrs']['get']>[0];
function watchful(root: string): Privileges {
  const inside = (path: FilePath) =>
    assert.ok((typeof path === 'string' ? path : Buffer.from(path).toString('latin1')).startsWith(root), 'outside of the layer');
  return {
    own(path, uid, gid) {
      inside(path);
      for (const id of [uid, gid]) assert.ok(Number.isInteger(id) && id >= 0 && id < 2 ** 32);
    },
    xattrs: {
      set(path, name, value) {
        inside(path);
        if (name === OPAQUE_XATTR) assert.deepEqual([Buffer.from(value).toString(), lstatSync(path).isDirectory()], ['y', true]);
        else assert.match(name, /^(?:security\.capability$|user\.|system\.posix_acl_)/);
      },
      get: () => undefined,
      list: () => [],
    },
    nodes: {
      make(path, kind, _mode, device = { major: 0, minor: 0 }) {
        inside(path);
        assert.ok(device.major < 4096 && device.minor < 2 ** 20 && ['character', 'block', 'fifo'].includes(kind));
        writeFileSync(path, '');
      },
      sync: () => undefined,
    },
  };
}

const LONG = 'n'.repeat(256);
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') },
  { weight: 3, arbitrary: fc.constantFrom('.wh.a', '.wh.', '.wh..', '.wh...', '.wh..wh.', '.wh..wh..opq', '.wh..wh.plnk', '.wh.wh.a', '..', '.', '') },
  { weight: 1, arbitrary: fc.constantFrom('\x01\n\x1b[2J', 'ÿþ', LONG, LONG.slice(1), 'a\0b', ' ', '-rf', '\\', 'con:') },
);
const deep = fc.integer({ min: 1, max: 3_000 }).map((depth) => 'x/'.repeat(depth));
const path = fc.oneof(
  { weight: 12, arbitrary: fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/')) },
  { weight: 1, arbitrary: deep },
  { weight: 1, arbitrary: fc.constantFrom('', '/', '/etc/passwd', '../outside', 'a/../../outside', 'y'.repeat(5_000), 'z/'.repeat(100_000)) },
);
const octal = fc.oneof(
  { weight: 8, arbitrary: fc.nat(4095).map((number) => number.toString(8).padStart(7, '0')) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('7777777', '\xff\xff\xff\xff\xff\xff\xff\xff', '\x80\0\0\0\0\0\x10\0', '\x80\x7f\xff\xff\xff\xff\xff\xff', '-1', '8', ''),
  },
);
const decimal = fc.oneof(
  fc.constantFrom(
    '0',
    '1',
    '-1',
    '1.5',
    '1e300',
    '-1e300',
    '9'.repeat(30),
    '0x10',
    '',
    ' ',
    'NaN',
    'Infinity',
    '4294967295',
    '4294967296',
    '-62135596800',
    '1.',
  ),
  fc.integer().map(String),
);
const pax = fc.oneof(
  fc.tuple(fc.constantFrom('size', 'uid', 'gid', 'mtime', 'atime', 'SCHILY.dev'), decimal),
  fc.tuple(fc.constantFrom('path', 'linkpath'), path),
  fc.tuple(
    fc.constantFrom(
      'SCHILY.xattr.security.capability',
      'SCHILY.xattr.trusted.overlay.opaque',
      'SCHILY.xattr.trusted.overlay.redirect',
      'SCHILY.xattr.user.overlay.opaque',
      'SCHILY.xattr.user.\0trusted.overlay.metacopy',
      'SCHILY.xattr.',
      'GNU.sparse.major',
      'comment',
    ),
    fc.constantFrom('', 'y', '/', '\0'.repeat(20), 'v'.repeat(70_000)),
  ),
);
const fields = fc.record(
  {
    type: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('0', '5', '5', '2', '1', '0', '\0') },
      { weight: 2, arbitrary: fc.constantFrom('3', '4', '6', '7', 'S', 'V', 'g', 'x') },
    ),
    path,
    link: path,
    content: fc.constantFrom('', 'x', 'content', 'z'.repeat(600)),
    mode: octal,
    uid: octal,
    mtime: octal,
    major: octal,
    minor: octal,
    size: octal,
    pax: fc.array(pax, { maxLength: 3 }),
    longPath: path,
    longLink: path,
  },
  { requiredKeys: ['type', 'path', 'link'] },
);
/** Most are right in most. */
const entry: fc.Arbitrary<RawEntry> = fc.oneof(
  { weight: 1, arbitrary: fields },
  { weight: 6, arbitrary: fields.map(({ type, path: where, link, content = '', mode = '0000755' }) => ({ type, path: where, link, content, mode })) },
);

/** Unpacks in a folder of its own beside what must stay as it is. Answers what it was refused with. */
async function apply(bytes: Buffer, step = bytes.length): Promise<GantryError | undefined> {
  const folder = mkdtempSync(join(MEMORY, 'gantry-untrusted-'));
  const target = join(folder, 'layer');
  mkdirSync(target);
  writeFileSync(join(folder, 'outside'), 'sings');
  linkSync(join(folder, 'outside'), join(folder, 'canary'));
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  }
  try {
    await unpackLayer({ content: pieces(), target, below: [folder], privileges: watchful(target) });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof GantryError && error.status < 500 && error.code === 'TAR_INVALID', `an error of no type: ${String(error)}`);
    assert.ok(error.message.length < 2_000 && !/[\x00-\x1f]/.test(error.message), `no words: ${error.message}`);
    return error;
  } finally {
    assert.deepEqual(readdirSync(folder).sort(), ['canary', 'layer', 'outside']);
    assert.equal(readFileSync(join(folder, 'canary'), 'utf8'), 'sings');
    assert.equal(lstatSync(join(folder, 'canary')).nlink, 2, 'a link to something outside');
    rmSync(folder, { recursive: true, force: true });
  }
}

const refused = async (words: RegExp, ...entries: readonly RawEntry[]) => {
  const error = await apply(Buffer.concat([...entries.map(rawEntry), endOfArchive()]));
  assert.match(error?.message ?? 'taken', words);
};

test('whatever an archive says, it is applied inside its folder or refused in words, and soon', async (t) => {
  t.diagnostic(`GANTRY_SEED=${seed}`);
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 8 }), fc.constantFrom(100, 512, 70_000), async (entries, step) => {
      const begun = performance.now();
      const error = await apply(Buffer.concat([...entries.map(rawEntry), endOfArchive()]), step);
      if (error === undefined) taken += 1;
      assert.ok(performance.now() - begun < HANG_MS, 'it took too long');
    }),
    { numRuns: RUNS, seed },
  );
  assert.ok(taken > RUNS / 20, `only ${taken} of ${RUNS} were applied: the rest shows little`);
});

test('what no file can be is refused by name', async () => {
  const at = { path: 'a' };
  await refused(/is a link to nothing/, { type: '2', ...at });
  await refused(/has a NUL in its path/, { type: '0', pax: [['path', 'a\0b']] });
  await refused(/link with a NUL/, { type: '2', ...at, pax: [['linkpath', 'a\0b']] });
  await refused(/a number that is none: "1e300"/, { type: '0', ...at, pax: [['mtime', '1e300']] });
  await refused(/has the time 1e\+30/, { type: '0', ...at, pax: [['mtime', `1${'0'.repeat(30)}`]] });
  await refused(/has the time -/, { type: '0', ...at, mtime: `\xff\0${'\0'.repeat(10)}` });
  await refused(/has the owner -1/, { type: '0', ...at, uid: '\xff'.repeat(8) });
  await refused(/has the major device number 65536/, { type: '3', ...at, major: '0200000' });
  await refused(/has the minor device number 1048576/, { type: '4', ...at, minor: '4000000' });
  await refused(/a name of 256 bytes/, { type: '0', longPath: LONG });
  await refused(/a path of \d+ bytes; Linux takes 4095/, { type: '5', longPath: 'x/'.repeat(2_500) });
  await refused(/"x\/x\/.*…" cannot be made here: ENAMETOOLONG: name too long$/, { type: '5', longPath: 'x/'.repeat(2_047) });
  await refused(/removes nothing/, { type: '0', path: '.wh.' });
  await refused(/removes nothing/, { type: '0', path: 'a/.wh...' });
  await refused(/a name that marks a removed file/, { type: '0', path: '.wh.../x' });
  await refused(/a name that marks a removed file/, { type: '0', path: '.wh.a/b/c' });
  await refused(/is a sparse file/, { type: '0', ...at, pax: [['GNU.sparse.major', '1']] });
  await refused(/type "S", which is not supported/, { type: 'S', ...at });
  await refused(/more than 1000 records/, { type: '0', ...at, pax: Array.from({ length: 1_100 }, (_, number) => [`k${number}`, 'v'] as const) });
  await refused(/links are not followed/, { type: '5', path: 'd' }, { type: '2', path: 'd', link: '..' }, { type: '0', path: 'd/outside', content: 'x' });
});

test('what means nothing here is passed over, and what is odd but right is taken', async () => {
  const take = async (...entries: readonly RawEntry[]) => assert.equal(await apply(Buffer.concat([...entries.map(rawEntry), endOfArchive()])), undefined);
  await take({ type: '0', path: '.wh..wh.plnk/1.2' }, { type: '5', path: '.wh..wh.orph/' });
  await take({ type: '5', path: 'd/.wh..wh..opq/' });
  await take({ type: '0', path: 'a', mtime: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' });
  await take({ type: '0', path: '\x01\n\x1b[2J' }, { type: '0', path: LONG.slice(1) }, { type: '0', path: 's', mode: '0006755' });
  await take(
    { type: '0', path: 'a' },
    ...Array.from({ length: 2_000 }, (_, number) => ({ type: '1', path: `h${number}`, link: number === 0 ? 'a' : `h${number - 1}` })),
  );
  await take({ type: '5', longPath: 'x/'.repeat(1_500) }, { type: '0', longPath: `${'x/'.repeat(1_500)}f` }, { type: '0', path: 'x' });
});

test('a folder below is looked at, but never through a link of a layer', async () => {
  const folder = mkdtempSync(join(MEMORY, 'gantry-untrusted-'));
  try {
    const layers = ['outside', 'lower', 'layer'].map((each) => join(folder, each));
    const [outside = '', lower = '', target = ''] = layers;
    for (const each of layers) mkdirSync(each);
    mkdirSync(join(outside, 'inner'));
    chmodSync(join(outside, 'inner'), 0o711);
    symlinkSync(outside, join(lower, 'a'));
    const bytes = Buffer.concat([rawEntry({ type: '0', path: 'a/inner/new' }), endOfArchive()]);
    await unpackLayer({ content: Readable.from([bytes]), target, below: [lower], privileges: watchful(target) });
    assert.equal(lstatSync(join(target, 'a/inner')).mode & 0o777, 0o755);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
