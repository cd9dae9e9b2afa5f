import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { GantryError } from '#kit';
import { isIndex, parseConfig, parseManifest } from './manifest.ts';
import { formatReference, parseReference } from './reference.ts';
import { unpackLayer } from './tar/unpack.ts';
import { encodeHeader, endOfArchive, paddingFor } from './tar/write.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

/** What the call makes, or undefined where it refuses with an error of its own; any other error is a mistake of ours. */
function madeBy<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    assert.ok(error instanceof GantryError && error.status < 500, String(error));
    return undefined;
  }
}

/** Of a whole name (distribution's grammar of references): host and port, components of the path, tag, digest. */
const GRAMMAR =
  /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::\d+)?(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)+(?::\w[\w.-]{0,127})?(?:@sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128}))?$/;

test('a reference is read and written the same way, or refused', () => {
  const piece = fc.constantFrom('a', 'b1', '.', '_', '__', '-', '/', ':', '@', 'localhost', '5000', 'A', '[::1]', DIGEST, 'docker.io', 'library', ' ', '\n');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
        fc.string({ maxLength: 40 }),
      ),
      (text) => {
        const reference = madeBy(() => parseReference(text));
        if (reference === undefined) return;
        const whole = formatReference(reference);
        assert.deepEqual(parseReference(whole), reference);
        assert.match(whole, GRAMMAR);
      },
    ),
    { numRuns: 5_000 },
  );
});

const descriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: DIGEST, size: 3 };
const MANIFEST = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: descriptor,
  layers: [descriptor],
  annotations: { a: 'b' },
};
const INDEX = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [{ ...descriptor, platform: { os: 'linux', architecture: 'amd64' } }],
};
const CONFIG = {
  os: 'linux',
  architecture: 'amd64',
  rootfs: { type: 'layers', diff_ids: [DIGEST] },
  created: '2026-01-01T00:00:00Z',
  author: 'somebody',
  config: {
    Env: ['A=b'],
    Cmd: ['sh'],
    Labels: { a: 'b' },
    Volumes: { '/v': {} },
    ExposedPorts: { '80/tcp': {} },
    User: 'me',
    WorkingDir: '/w',
    Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000, Retries: 3 },
  },
  history: [{ created_by: 'x', created: '2026-01-01T00:00:00Z', empty_layer: true }],
};
const odd = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('a\0b', '/'.repeat(5_000), 'n'.repeat(300), -1, 1.5, 1e300, ['a\0'], { 'a\0': {} }));
const deep = fc.integer({ min: 90, max: 20_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth));

/** The object with one of its values put in another's place. */
const mutated = (whole: object) =>
  fc.tuple(fc.nat(45), odd, fc.option(deep)).map(([place, value, nested]) => {
    let index = 0;
    const text = JSON.stringify(whole, (_key, content: unknown) => (index++ === place ? (nested === null ? value : '@deep@') : content));
    return nested === null ? text : text.replace('"@deep@"', nested);
  });

test('a manifest that was changed is refused, or what comes of it has the right types', () => {
  fc.assert(
    fc.property(fc.oneof(mutated(MANIFEST), mutated(INDEX), fc.json()), (text) => {
      const manifest = madeBy(() => parseManifest(Buffer.from(text)));
      if (manifest === undefined) return;
      for (const { digest, size, mediaType } of isIndex(manifest) ? manifest.manifests : [manifest.config, ...manifest.layers])
        assert.deepEqual([typeof digest, typeof size, typeof mediaType], ['string', 'number', 'string']);
      if (!isIndex(manifest)) for (const value of Object.values(manifest.annotations ?? {})) assert.equal(typeof value, 'string');
    }),
    { numRuns: 5_000 },
  );
});

test('a configuration that was changed is refused, or what comes of it has the right types', () => {
  const manifest = parseManifest(Buffer.from(JSON.stringify(MANIFEST)));
  assert.ok(!isIndex(manifest));
  fc.assert(
    fc.property(fc.oneof(mutated(CONFIG), fc.json()), (text) => {
      const made = madeBy(() => parseConfig(Buffer.from(text), manifest));
      if (made === undefined) return;
      const { Env = [], Cmd = [], Labels = {}, Volumes = {}, User = '', WorkingDir = '', Healthcheck = {} } = made.config;
      for (const one of [...Env, ...Cmd, ...Object.values(Labels), User, WorkingDir]) assert.ok(typeof one === 'string' && !one.includes('\0'));
      for (const path of [WorkingDir, ...Object.keys(Volumes)]) assert.ok(!path.includes('\0') && path.split('/').every((name) => name.length < 256));
      for (const one of Healthcheck.Test ?? []) assert.equal(typeof one, 'string');
      for (const one of [Healthcheck.Interval ?? 0, Healthcheck.Retries ?? 0]) assert.ok(Number.isSafeInteger(one));
      for (const one of [made.created ?? '', made.author ?? '']) assert.equal(typeof one, 'string');
      for (const entry of made.history ?? [])
        assert.deepEqual([typeof entry, typeof (entry.created_by ?? ''), typeof (entry.created ?? '')], ['object', 'string', 'string']);
      // What was read can be written down.
      assert.deepEqual(JSON.parse(JSON.stringify(made)), made);
    }),
    { numRuns: 5_000 },
  );
});

const file = (path: string, kind: 'file' | 'directory' | 'symlink' | 'hardlink', link = '') => {
  const body = Buffer.from(kind === 'file' ? 'content' : '');
  const entry = {
    path,
    kind,
    mode: 0o755,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime_s: 1,
    link,
    major: 0,
    minor: 0,
    xattrs: new Map([['user.a', Buffer.from('b')]]),
  };
  return Buffer.concat([encodeHeader(entry), body, paddingFor(body.length)]);
};
const LONG = 'l'.repeat(150);
const ARCHIVE = Buffer.concat([
  file('d/', 'directory'),
  file('d/f', 'file'),
  file('s', 'symlink', 'd'),
  file('h', 'hardlink', 'd/f'),
  file(`d/${LONG}`, 'file'),
  endOfArchive(),
]);

/** The sum of a header (POSIX ustar), in which its own place counts as spaces. */
function sumAnew(header: Buffer): void {
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

test('an archive whose bytes were changed, or that ends too soon, is applied inside its folder or refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-untrusted-'));
  const nothing = {
    own: () => undefined,
    xattrs: { set: () => undefined, get: () => undefined, list: () => [] },
    nodes: { make: () => undefined, sync: () => undefined },
  };
  let round = 0;
  try {
    await writeFile(join(folder, 'canary'), 'sings');
    const change = fc.record({ at: fc.nat(ARCHIVE.length - 1), byte: fc.constantFrom(0, 0x2e, 0x2f, 0x30, 0x37, 0x35, 0xff, 0x20) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 6 }), fc.option(fc.nat(ARCHIVE.length)), async (changes, end) => {
        const bytes = Buffer.from(ARCHIVE);
        for (const { at, byte } of changes) bytes[at] = byte;
        // Else most of them would be refused for their sums alone.
        for (const { at } of changes) sumAnew(bytes.subarray(at - (at % 512), at - (at % 512) + 512));
        const target = join(folder, `layer-${(round += 1)}`);
        await mkdir(target);
        try {
          await unpackLayer({ content: Readable.from([bytes.subarray(0, end ?? bytes.length)]), target, below: [], privileges: nothing });
        } catch (error) {
          // Refused by this program, or by the kernel: a name that is too long, a file where a folder is meant.
          assert.ok(error instanceof GantryError || (error instanceof Error && 'syscall' in error), String(error));
        }
        await rm(target, { recursive: true });
        assert.deepEqual(await readdir(folder), ['canary']);
        assert.equal(await readFile(join(folder, 'canary'), 'utf8'), 'sings');
      }),
      { numRuns: 400 },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a size or an owner that is no count is refused, and nothing waits for the rest of a byte', async () => {
  for (const record of ['12 size=1.5\n', '11 size=-5\n', '11 uid=1.5\n', '19 uid=99999999999\n']) {
    const body = Buffer.from(record);
    const header = file('pax', 'file').subarray(-1024, -512);
    header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    header.write('x', 156, 'latin1');
    sumAnew(header);
    const whole = Buffer.concat([header, body, paddingFor(body.length), file('f', 'file').subarray(-1024), endOfArchive()]);
    const nothing = {
      own: () => undefined,
      xattrs: { set: () => undefined, get: () => undefined, list: () => [] },
      nodes: { make: () => undefined, sync: () => undefined },
    };
    const target = await mkdtemp(join(tmpdir(), 'gantry-untrusted-'));
    try {
      await assert.rejects(
        unpackLayer({ content: Readable.from([whole]), target, below: [], privileges: nothing }),
        { code: 'TAR_INVALID', message: /an entry has the/ },
        record,
      );
    } finally {
      await rm(target, { recursive: true });
    }
  }
});
