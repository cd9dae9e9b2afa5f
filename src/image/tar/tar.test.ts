import assert from 'node:assert/strict';
import { existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { GantryError } from '#kit';
import type { EntryKind, TarEntry } from './entry.ts';
import type { Privileges } from './files.ts';
import { packLayer } from './pack.ts';
import { TarReader } from './read.ts';
import { unpackLayer } from './unpack.ts';
import { encodeHeader, endOfArchive, paddingFor } from './write.ts';

interface Given {
  readonly path: string;
  readonly kind?: EntryKind;
  readonly link?: string;
  readonly content?: string;
  readonly more?: Partial<TarEntry>;
}

function archive(...entries: readonly Given[]): Buffer {
  return Buffer.concat([
    ...entries.flatMap(({ path, kind = 'file', link = '', content = '', more = {} }) => {
      const body = Buffer.from(kind === 'file' ? content : '');
      const entry: TarEntry = {
        path,
        kind,
        mode: 0o755,
        uid: 0,
        gid: 0,
        size: body.length,
        mtime_s: 1_000,
        link,
        major: 0,
        minor: 0,
        xattrs: new Map(),
        ...more,
      };
      return [encodeHeader(entry), body, paddingFor(body.length)];
    }),
    endOfArchive(),
  ]);
}

/** Privileges that only write down what was asked: nodes are empty files. */
function recording() {
  const notes: string[] = [];
  const privileges: Privileges = {
    own: () => undefined,
    xattrs: {
      set: (path, name, value) => void notes.push(`${name}=${Buffer.from(value).toString()} ${path.toString()}`),
      get: () => undefined,
      list: () => [],
    },
    nodes: {
      make: (path, kind, _mode, device) => {
        notes.push(`${kind} ${device?.major}/${device?.minor} ${path.toString()}`);
        writeFileSync(path, '');
      },
      sync: () => undefined,
    },
  };
  return { notes, privileges };
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-test-tar-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function* pieces(bytes: Buffer, size = bytes.length): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(folder: string, bytes: Buffer, below: readonly string[] = []) {
  const { notes, privileges } = recording();
  const target = join(folder, 'layer');
  mkdirSync(target, { recursive: true });
  const size = await unpackLayer({ content: pieces(bytes, 700), target, below, privileges });
  return { size, notes: notes.map((note) => note.replace(target, '')), target };
}

const name = fc.oneof(
  fc.constantFrom('a', 'b', '..', '.', '', '.wh.a', '.wh..wh..opq', 'c'),
  fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const entry = fc.record({
  path: fc.oneof(
    path,
    path.map((text) => `/${text}`),
    fc.constant('../../outside'),
  ),
  kind: fc.constantFrom<EntryKind>('file', 'directory', 'symlink', 'hardlink', 'fifo', 'character'),
  link: fc.oneof(path, fc.constantFrom('/tmp', '..', '../..', '/', '../outside', 'a')),
  content: fc.string({ maxLength: 20 }),
});

/** Few names and only links that lead out, so that many archives go through one. */
const luring = fc.record({
  path: fc.constantFrom('a', 'a', 'a/outside', 'a/new', 'b'),
  kind: fc.constantFrom<EntryKind>('file', 'symlink', 'symlink', 'hardlink'),
  link: fc.constantFrom('..', '..', 'a/outside'),
  content: fc.constant('changed'),
});

test('headers come back as they went in, in pieces of any size', async () => {
  const kind = fc.constantFrom<EntryKind>('file', 'directory', 'symlink', 'hardlink', 'character', 'block', 'fifo');
  const byteText = (max: number) => fc.uint8Array({ minLength: 1, maxLength: max }).map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\0', 'x'));
  const arbitrary = fc.record({
    path: byteText(300),
    kind,
    link: byteText(200),
    uid: fc.nat(2 ** 31 - 1),
    mtime_s: fc.integer({ min: -5_000, max: 2 ** 33 }),
    xattr: fc.uint8Array({ maxLength: 40 }),
    size: fc.nat(1_500),
    step: fc.integer({ min: 1, max: 2_000 }),
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ path: given, kind: what, link, uid, mtime_s, xattr, size, step }) => {
      const body = Buffer.alloc(what === 'file' ? size : 0, 'z');
      const isLink = what === 'symlink' || what === 'hardlink';
      const isDevice = what === 'character' || what === 'block';
      const clean = given.replace(/\/+$/, '') || 'x';
      const whole: TarEntry = {
        path: clean,
        kind: what,
        mode: 0o4751,
        uid,
        gid: 7,
        size: body.length,
        mtime_s,
        link: isLink ? link : '',
        major: isDevice ? 3 : 0,
        minor: isDevice ? 4 : 0,
        xattrs: new Map([['user.x', Buffer.from(xattr)]]),
      };
      const reader = new TarReader(pieces(Buffer.concat([encodeHeader(whole), body, paddingFor(body.length), endOfArchive()]), step));
      const back = await reader.next();
      assert.deepEqual(back, { ...whole, path: what === 'directory' ? `${clean}/` : clean });
      const content: Buffer[] = [];
      for await (const piece of reader.content()) content.push(Buffer.from(piece));
      assert.deepEqual(Buffer.concat(content), body);
      assert.equal(await reader.next(), undefined);
    }),
  );
});

test('no archive writes outside its folder', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof({ weight: 1, arbitrary: entry }, { weight: 4, arbitrary: luring }), { maxLength: 8 }), async (entries) => {
      await inFolder(async (folder) => {
        writeFileSync(join(folder, 'outside'), 'untouched');
        const before = statSync(join(folder, 'outside'));
        try {
          await unpack(folder, archive(...entries.map((given) => ({ ...given, path: Buffer.from(given.path).toString('latin1') }))));
        } catch (error) {
          // Refusing is fine, whether by this program or by the kernel (a name too long, …).
          assert.ok(error instanceof GantryError || (error instanceof Error && 'syscall' in error), String(error));
        }
        assert.deepEqual(readdirSync(folder).sort(), ['layer', 'outside']);
        assert.equal(readFileSync(join(folder, 'outside'), 'utf8'), 'untouched');
        const after = statSync(join(folder, 'outside'));
        assert.deepEqual([after.mode, after.nlink, after.mtimeMs], [before.mode, before.nlink, before.mtimeMs]);
      });
    }),
    { numRuns: 300 },
  );
});

test('links are not followed, ".." is refused', async () => {
  const refused = (...entries: Given[]) => inFolder(async (folder) => assert.rejects(unpack(folder, archive(...entries)), { code: 'TAR_INVALID' }));
  await refused({ path: 'up', kind: 'symlink', link: '..' }, { path: 'up/outside', content: 'x' });
  await refused({ path: 'up', kind: 'symlink', link: '/' }, { path: 'file', kind: 'hardlink', link: 'up/etc/passwd' });
  await refused({ path: '../outside' });
  await refused({ path: 'a', kind: 'hardlink', link: '../outside' });
  await refused({ path: 'file' }, { path: 'file/below' });
  await inFolder(async (folder) => {
    const { target } = await unpack(
      folder,
      archive({ path: 'a', kind: 'symlink', link: '../outside' }, { path: 'a', content: 'mine' }, { path: '/abs/file', content: 'x' }),
    );
    assert.equal(readFileSync(join(target, 'a'), 'utf8'), 'mine');
    assert.ok(existsSync(join(target, 'abs/file')) && !existsSync(join(folder, 'outside')));
  });
});

test("OCI's whiteouts become overlayfs's", async () => {
  await inFolder(async (folder) => {
    const given: Given[] = [
      { path: 'etc/.wh.gone' },
      { path: 'opt/', kind: 'directory' },
      { path: 'opt/.wh..wh..opq' },
      { path: 'opt/new', content: '12345' },
      { path: '.wh..wh.plnk' },
      { path: 'both' },
      { path: '.wh.both' },
      { path: 'null', kind: 'character', more: { major: 0, minor: 0 } },
    ];
    const { notes, size, target } = await unpack(folder, archive(...given));
    assert.deepEqual(notes, ['character 0/0 /etc/gone', 'trusted.overlay.opaque=y /opt']);
    assert.equal(size, 5);
    assert.equal(existsSync(join(target, 'null')), false);
  });
});

test('attributes that steer overlayfs are not taken from an archive', async () => {
  await inFolder(async (folder) => {
    const xattrs = new Map([
      ['trusted.overlay.redirect', Buffer.from('/')],
      ['user.a', Buffer.from('b')],
      ['security.capability', Buffer.from('c')],
    ]);
    const { notes } = await unpack(folder, archive({ path: 'file', more: { xattrs } }));
    assert.deepEqual(notes, ['security.capability=c /file', 'user.a=b /file']);
  });
});

test('a parent that the archive does not name looks as it does below', async () => {
  await inFolder(async (folder) => {
    mkdirSync(join(folder, 'lower/tmp'), { recursive: true, mode: 0o700 });
    const { target } = await unpack(folder, archive({ path: 'tmp/x' }), [join(folder, 'lower')]);
    assert.equal(lstatSync(join(target, 'tmp')).mode & 0o777, 0o700);
  });
});

test('packing is sorted, keeps hard links and gives the same bytes each time', async () => {
  await inFolder(async (folder) => {
    const source = join(folder, 'upper');
    mkdirSync(join(source, 'd'), { recursive: true });
    writeFileSync(join(source, 'd/b'), 'text');
    linkSync(join(source, 'd/b'), join(source, 'd/c'));
    symlinkSync('b', join(source, 'd/a'));
    const { privileges } = recording();
    const packed = Buffer.concat([...packLayer({ source, privileges, latest_ms: 5_000 })]);
    assert.deepEqual(Buffer.concat([...packLayer({ source, privileges, latest_ms: 5_000 })]), packed);
    const reader = new TarReader(pieces(packed, 333));
    const seen: string[] = [];
    for (let item = await reader.next(); item; item = await reader.next()) {
      seen.push(`${item.kind} ${item.path} ${item.link} ${item.size}`.trim());
      assert.equal(item.mtime_s, 5);
    }
    assert.deepEqual(seen, ['directory d/  0', 'symlink d/a b 0', 'file d/b  4', 'hardlink d/c d/b 0']);
    const { target } = await unpack(join(folder), packed);
    assert.equal(lstatSync(join(target, 'd/b')).ino, lstatSync(join(target, 'd/c')).ino);
  });
});
