import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Image } from '#image';
import { type BuilderOptions, createBuilder } from './builder.ts';
import { fakeRooms } from './fake-rooms.testing.ts';
import { parseReference } from '#image';
import type { Builder, BuildRequest } from './types.ts';

let folder = '';
let rooms: ReturnType<typeof fakeRooms>;
let runs: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-build-'));
  runs = [];
  await mkdir(join(folder, 'snapshots'), { recursive: true });
  rooms = fakeRooms(folder, async (words, root, environment) => {
    const line = words.at(-1) ?? '';
    runs.push(`${line} ${environment.join(',')}`.trim());
    if (line === 'fail') return { output: 'oh\n', exitCode: 7 };
    if (line.startsWith('make ')) await writeFile(join(root, line.slice(5)), 'made');
    return { output: 'said\n', exitCode: 0 };
  });
  const base = join(folder, 'base');
  await mkdir(join(base, 'etc'), { recursive: true });
  await writeFile(join(base, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nweb:x:1000:1001::/:/bin/sh\n');
  await writeFile(join(base, 'etc/group'), 'staff:x:50:\n');
  await symlink('/../../../../../..', join(base, 'up'));
  const layer = await rooms.keep(base);
  const image = await rooms.create({
    config: {
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
      history: [{ created: 'x' }],
    },
    layers: [layer],
  });
  rooms.names.set('base', image.id);
});
afterEach(async () => {
  await builder?.stop();
  await rm(folder, { recursive: true });
});

async function context(files: Readonly<Record<string, string>>): Promise<Readable> {
  const path = await mkdtemp(join(folder, 'ctx-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    if (content.startsWith('->')) await symlink(content.slice(2), join(path, name));
    else await writeFile(join(path, name), content);
  }
  return Readable.from([execFileSync('tar', ['-c', '-z', '-C', path, '.'])]);
}

let builder: Builder | undefined;

/** Another one in the place of the last: one at a time has the folder, as in a daemon. */
async function restarted(options: BuilderOptions = rooms.options): Promise<Builder> {
  await builder?.stop();
  builder = createBuilder(options);
  await builder.start();
  return builder;
}

async function build(files: Readonly<Record<string, string>>, more: Partial<BuildRequest> = {}): Promise<{ image: Image; said: string }> {
  let said = '';
  const image = await (await restarted()).build({ context: await context(files), tags: [parseReference('out')], ...more }, (output) => {
    if ('stream' in output) said += output.stream;
  });
  return { image, said };
}

const inImage = (image: Image, path: string) => join(rooms.tree(image), path);

const APP = {
  Dockerfile: [
    'ARG BASE=base',
    'FROM ${BASE} AS builder',
    'ARG VERSION=1',
    'ENV NAME=app-$VERSION',
    'WORKDIR /src',
    'COPY . .',
    'RUN make out-$NAME',
    'FROM base AS unused',
    'RUN never',
    'FROM base',
    'COPY --from=builder --chown=web:staff --chmod=750 /src/main.txt /srv/',
    'USER web',
    'EXPOSE 80 53/udp',
    'HEALTHCHECK --interval=2s CMD wget -q localhost',
    'ENTRYPOINT ["/bin/app"]',
    'CMD ["serve"]',
  ].join('\n'),
  'main.txt': 'main',
  'skip.log': 'x',
  '.dockerignore': '*.log\n',
};

describe('the builder', () => {
  it('builds stages, then answers from the cache, also after a restart', async () => {
    const first = await build(APP, { labels: { who: "it's" }, buildArgs: { VERSION: '2', UNUSED: 'x' } });
    assert.match(first.said, /Step 1\/15 : ARG BASE=base\n/);
    assert.match(first.said, /build-args \[UNUSED\] were not consumed/);
    assert.match(first.said, /Successfully tagged out:latest\n$/);
    assert.deepEqual(runs, ['make out-$NAME PATH=/bin,NAME=app-2,VERSION=2']);
    const { config } = first.image.config;
    assert.deepEqual([config.User, config.Entrypoint, config.Cmd, config.Labels], ['web', ['/bin/app'], ['serve'], { who: "it's" }]);
    assert.deepEqual(config.ExposedPorts, { '80/tcp': {}, '53/udp': {} });
    assert.deepEqual(config.Healthcheck, { Test: ['CMD-SHELL', 'wget -q localhost'], Interval: 2e9 });
    const file = await stat(inImage(first.image, 'srv/main.txt'));
    assert.deepEqual([file.uid, file.gid, file.mode & 0o777], [1000, 50, 0o750]);
    const second = await build(APP, { labels: { who: "it's" }, buildArgs: { VERSION: '2' } });
    assert.equal(second.image.id, first.image.id);
    assert.equal(runs.length, 1);
    assert.equal(second.said.match(/Using cache/g)?.length, 11);
    await build({ ...APP, 'skip.log': 'ignored' }, { buildArgs: { VERSION: '2' } });
    assert.equal(runs.length, 1);
    await build({ ...APP, 'main.txt': 'changed' }, { buildArgs: { VERSION: '2' } });
    assert.equal(runs.length, 2);
    await build(APP, { buildArgs: { VERSION: '2' }, noCache: true });
    assert.equal(runs.length, 3);
  });
  it('takes over a small context that it has from the build before, and no other', async () => {
    const files = { Dockerfile: 'FROM base\nCOPY . /app\n', Other: 'FROM base\nCOPY . /app\n', 'Other.dockerignore': 'b\n', a: '1', b: '2' };
    const folders: string[] = [];
    const { trees } = rooms.options.images;
    const hash: typeof trees.hash = async (items, how) => {
      folders.push(...items.map(({ path }) => path));
      return await trees.hash(items, how);
    };
    const started = await restarted({ ...rooms.options, images: { ...rooms.options.images, trees: { ...trees, hash } } });
    const sent = await buffer(await context(files));
    const built = async (content: Buffer, more: Partial<BuildRequest> = {}) =>
      await started.build({ context: Readable.from([content.subarray(0, 3), content.subarray(3)]), tags: [], ...more }, () => undefined);
    const kept = () => readdir(join(folder, 'build-context-kept'));
    const first = await built(sent);
    assert.equal((await built(sent)).id, first.id);
    assert.equal(folders.length, 1);
    const again = await Promise.all([built(sent, { noCache: true }), built(sent, { noCache: true })]);
    for (const image of again) assert.deepEqual((await readdir(inImage(image, 'app'))).sort(), Object.keys(files).sort());
    const other = await built(sent, { dockerfile: 'Other' });
    assert.deepEqual((await readdir(inImage(other, 'app'))).sort(), ['Dockerfile', 'Other', 'Other.dockerignore', 'a']);
    const changed = await built(await buffer(await context({ ...files, a: '3' })));
    assert.equal(await readFile(inImage(changed, 'app/a'), 'utf8'), '3');
    assert.equal((await kept()).length, 3);
    for (const a of ['4', '5']) await built(await buffer(await context({ ...files, a })));
    await started.prune({ all: false });
    assert.deepEqual(await kept(), []);
    assert.equal(await readFile(inImage(await built(sent), 'app/a'), 'utf8'), '1');
    await built(sent, { allowInsecure: true });
    assert.deepEqual(await kept(), []);
    const large = await buffer(await context({ ...files, a: 'x'.repeat(2 ** 25) }));
    assert.ok(large.length < 2 ** 20);
    await built(large);
    assert.deepEqual(await kept(), [], 'what little was sent may be much');
  });
  it('leaves nothing of a failed build', async () => {
    await assert.rejects(build({ Dockerfile: 'FROM base\nRUN fail' }), { message: "The command '/bin/sh -c fail' returned a non-zero code: 7", exitCode: 7 });
    await builder?.stop();
    assert.equal(rooms.containers.size, 0);
    assert.deepEqual(await readdir(join(folder, 'snapshots')), []);
    assert.deepEqual(await readdir(join(folder, 'build-context')), []);
    assert.deepEqual(
      [...rooms.leases.keys()].filter((lease) => !lease.startsWith('build-cache/')),
      [],
    );
  });
  it('never writes outside the image, whatever its links say', async () => {
    const { image } = await build({ Dockerfile: 'FROM base\nCOPY x /up/escaped/', x: 'y' });
    assert.equal(await readFile(inImage(image, 'escaped/x'), 'utf8'), 'y');
  });
  it('never reads outside the context', async () => {
    await assert.rejects(build({ Dockerfile: 'FROM base\nCOPY link /', link: '->/etc/hostname' }), /COPY failed/);
    await assert.rejects(build({ Dockerfile: 'FROM base\nCOPY ../../../etc/hostname /' }), /COPY failed/);
  });
  it('keeps links in copied folders as links', async () => {
    const { image } = await build({ Dockerfile: 'FROM base\nCOPY d /e', 'd/f': '1', 'd/l': '->/etc/shadow' });
    assert.equal(
      execFileSync('readlink', [inImage(image, 'e/l')])
        .toString()
        .trim(),
      '/etc/shadow',
    );
  });
  it('unpacks archives that are added and copies other files', async () => {
    const archive = execFileSync('sh', ['-c', `cd ${folder} && mkdir t && echo hi > t/f && tar -czf a.tgz t && base64 -w0 a.tgz`]).toString();
    assert.ok(archive.length > 0);
    const path = await mkdtemp(join(folder, 'add-'));
    await writeFile(join(path, 'Dockerfile'), 'FROM scratch\nADD a.tgz /x/\nCOPY a.tgz /y/');
    execFileSync('cp', [join(folder, 'a.tgz'), path]);
    const builder = await restarted();
    const image = await builder.build({ context: Readable.from([execFileSync('tar', ['-c', '-C', path, '.'])]), tags: [] }, () => {});
    assert.equal(await readFile(inImage(image, 'x/t/f'), 'utf8'), 'hi\n');
    assert.ok((await stat(inImage(image, 'y/a.tgz'))).isFile());
  });
  it('does not copy anew for the mode of a folder that is not copied itself', async () => {
    const path = await mkdtemp(join(folder, 'modes-'));
    const builder = await restarted();
    await mkdir(join(path, 'd/in'), { recursive: true });
    await writeFile(join(path, 'Dockerfile'), 'FROM base\nCOPY d /d\nCOPY . /all/\nRUN --mount=target=/m,source=d look\n');
    const builds = async (...changes: readonly (readonly [name: string, mode: number])[]) => {
      for (const [name, mode] of changes) await chmod(join(path, name), mode);
      let said = '';
      const request = { context: Readable.from([execFileSync('tar', ['-c', '-C', path, '.'])]), tags: [] };
      await builder.build(request, (output) => void ('stream' in output && (said += output.stream)));
      return said.split('Step ').flatMap((step) => (step.includes('Using cache') ? [step.slice(0, 3)] : []));
    };
    assert.deepEqual(await builds(['d', 0o755], ['.', 0o755]), []);
    assert.deepEqual(await builds(['.', 0o750]), ['2/4', '3/4', '4/4']);
    // The folder inside of the second one is copied, and the third step sees the first one.
    assert.deepEqual(await builds(['d', 0o750]), ['2/4']);
    assert.deepEqual(await builds(['d/in', 0o700]), []);
  });
  it('copies by wildcard, renames, and refuses many files to one name', async () => {
    const { image } = await build({ Dockerfile: 'FROM base\nCOPY *.txt /t/\nCOPY a.txt /renamed', 'a.txt': 'a', 'b.txt': 'b' });
    assert.deepEqual(await readdir(inImage(image, 't')), ['a.txt', 'b.txt']);
    assert.equal(await readFile(inImage(image, 'renamed'), 'utf8'), 'a');
    await assert.rejects(build({ Dockerfile: 'FROM base\nCOPY a.txt b.txt /one', 'a.txt': 'a', 'b.txt': 'b' }), /must be a directory and end with a \//);
  });
  it('writes here-documents', async () => {
    const { image } = await build({ Dockerfile: 'FROM base\nENV A=1\nCOPY <<EOF <<"RAW" /h/\n$A "q"\nEOF\n$A\nRAW\nRUN <<END\nmake x\nEND' });
    assert.equal(await readFile(inImage(image, 'h/EOF'), 'utf8'), '1 "q"\n');
    assert.equal(await readFile(inImage(image, 'h/RAW'), 'utf8'), '$A\n');
    assert.deepEqual(runs, ['make x\n PATH=/bin,A=1']);
  });
  it('refuses a broken Dockerfile, an unknown target and an empty context', async () => {
    await assert.rejects(build({ Dockerfile: 'FROM base\n\nFRM x' }), /line 3: unknown instruction: FRM/);
    await assert.rejects(build({ Dockerfile: 'FROM base' }, { target: 'nope' }), /target stage "nope" could not be found/);
    await assert.rejects(build({}, { context: Readable.from([]) }), /context is empty/);
    await assert.rejects(build({ x: '1' }), /Cannot locate specified Dockerfile/);
  });
  it('keeps a CMD of its own before an ENTRYPOINT, and drops an inherited one', async () => {
    const own = await build({ Dockerfile: 'FROM base\nCMD ["own"]\nENTRYPOINT ["e"]' });
    assert.deepEqual(own.image.config.config.Cmd, ['own']);
    const inherited = await build({ Dockerfile: 'FROM base\nENTRYPOINT ["e"]' });
    assert.equal(inherited.image.config.config.Cmd, undefined);
  });
  it('cleans up after a process that was killed in the middle', async () => {
    const [base] = rooms.images.values();
    assert.ok(base);
    await mkdir(join(folder, 'build-context/dead/context'), { recursive: true });
    await writeFile(join(folder, 'build-context/dead/lease-3'), '');
    rooms.leases.set('build/dead-3', new Set([base.id]));
    await mkdir(join(folder, 'snapshots/build-dead-1'));
    await restarted();
    assert.deepEqual([rooms.leases.size, await readdir(join(folder, 'snapshots')), await readdir(join(folder, 'build-context'))], [0, [], []]);
  });
  it('ends when its client goes away', async () => {
    const gone = new AbortController();
    gone.abort();
    await assert.rejects(build({ Dockerfile: 'FROM base\nRUN x' }, { signal: gone.signal }), { code: 'BUILD_CANCELLED' });
    assert.deepEqual(runs, []);
  });
  it('forgets what it is told to, and then builds anew', async () => {
    const files = { Dockerfile: 'FROM base\nENV A=1\nRUN make x' };
    const { image } = await build(files);
    const builder = await restarted();
    assert.deepEqual(
      (await builder.entries()).map(({ record, shared }) => [record.what, shared]),
      [['/bin/sh -c make x', true]],
    );
    assert.deepEqual((await builder.prune({ all: false })).records, []);
    assert.equal((await builder.prune({ all: true })).records.length, 1);
    assert.deepEqual([...rooms.leases.keys()], []);
    assert.deepEqual(await readdir(join(folder, 'build-cache')), ['files']);
    assert.notEqual((await build(files)).image.id, image.id);
    assert.equal(runs.length, 2);
  });
  it('lets go of a layer that was made anew', async () => {
    const files = { Dockerfile: 'FROM base\nRUN make x' };
    await build(files);
    await build(files, { noCache: true });
    const held = [...rooms.leases].filter(([lease]) => lease.startsWith('build-cache/'));
    assert.deepEqual(
      held.map(([, digests]) => digests.size),
      [1],
    );
    assert.equal(runs.length, 2);
  });
  it('keeps its cache within its bound, the latest used of it', async () => {
    const bounded = await restarted({ ...rooms.options, cacheBytesMax: 1 });
    await bounded.build({ context: await context({ Dockerfile: 'FROM base\nRUN make x\nRUN make y' }), tags: [] }, () => {});
    assert.deepEqual(
      (await bounded.entries()).map(({ record }) => record.what),
      ['/bin/sh -c make y'],
    );
    await bounded.stop();
  });
  it('finds a step again whatever was said above it that does not matter to it', async () => {
    await build({ Dockerfile: 'FROM base\nLABEL a=1\nRUN make x' });
    const { image } = await build({ Dockerfile: 'FROM base\nLABEL a=2\nEXPOSE 80\nRUN make x' });
    assert.equal(runs.length, 1);
    assert.deepEqual(image.config.config.Labels, { a: '2' });
    await build({ Dockerfile: 'FROM base\nENV A=2\nRUN make x' });
    await build({ Dockerfile: 'FROM base\nUSER web\nRUN make x' });
    assert.equal(runs.length, 3);
  });
  it('does the same work once, and tells of steps in the order of the file', async () => {
    const stage = (name: string) => `FROM base AS ${name}\nRUN make same`;
    const { said } = await build({ Dockerfile: `${stage('one')}\n${stage('two')}\nFROM base\nCOPY --from=one /same /1\nCOPY --from=two /same /2` });
    assert.equal(runs.length, 1);
    assert.deepEqual(
      [...said.matchAll(/Step (\d)\/7/g)].map(([, number]) => Number(number)),
      [1, 2, 3, 4, 5, 6, 7],
    );
  });

  it('makes the steps of named stages anew, and no others', async () => {
    const Dockerfile = 'FROM base AS one\nRUN make a\nFROM base AS two\nRUN make b\nFROM base\nCOPY --from=one /a /\nCOPY --from=two /b /';
    await build({ Dockerfile });
    runs = [];
    const again = await build({ Dockerfile }, { noCacheStages: ['Two'] });
    assert.deepEqual(
      runs.map((run) => run.split(' ').slice(0, 2).join(' ')),
      ['make b'],
    );
    assert.match(again.said, /RUN make a\n ---> Using cache\n/);
    await assert.rejects(build({ Dockerfile }, { noCacheStages: ['tow'] }), /no such stage \(stages: one, two, 2\)/);
  });

  it('fails where the file asks that findings fail it, before a step runs; skipped rules count for nothing', async () => {
    const body = 'FROM base\nRUN make a\nCMD x';
    await assert.rejects(
      build({ Dockerfile: `# check=error=true\n${body}` }),
      /lint violation found for rules: JSONArgsRecommended\..*\n - JSONArgsRecommended: .* \(line 4, column 1\): /s,
    );
    await assert.rejects(build({ Dockerfile: '# check=error=true\nFROM base\nCOPY a /', '.dockerignore': 'a\n' }), /CopyIgnoredFile/);
    assert.deepEqual(runs, []);
    await build({ Dockerfile: `# check=skip=JSONArgsRecommended;error=true\n${body}` });
    await assert.rejects(build({ Dockerfile: `# check=skipp=x\n${body}` }), /on line 1: .*invalid check option "skipp=x": write/);
    await build({ Dockerfile: `# check=skip=none\n${body}` });
    assert.equal(runs.length, 1);
  });

  it('tells of steps when they begin and end, where that is asked for', async () => {
    const Dockerfile = 'FROM base AS one\nRUN make a\nFROM base AS two\nRUN make b\nENV A=1\nFROM two\nCOPY --from=one /a /\nRUN fail';
    const told = async (more: Partial<BuildRequest>) => {
      const names = new Map<number, string>();
      const events: string[] = [];
      const request = { context: await context({ Dockerfile }), tags: [], ...more };
      const building = (await restarted()).build(request, (output) => {
        if (!('aux' in output)) return;
        if ('Steps' in output.aux) for (const { id, name, stage, number, total } of output.aux.Steps) names.set(id, `${stage} ${number}/${total} ${name}`);
        if ('Step' in output.aux) {
          const { id, ...event } = output.aux.Step;
          events.push(`${names.get(id)}: ${event.state}${'text' in event ? ` ${event.text.trim()}` : ''}${'message' in event ? ` ${event.message}` : ''}`);
        }
      });
      await assert.rejects(building);
      return events;
    };
    assert.deepEqual(await told({}), []);
    const again = await told({ stepEvents: true });
    const of = (events: readonly string[], name: string) =>
      events.filter((event) => event.startsWith(`${name}: `)).map((event) => event.slice(name.length + 2));
    assert.deepEqual(of(again, 'one 2/2 RUN make a'), ['cached']);
    assert.equal(of(again, 'two 3/3 ENV A=1').length, 1);
    const [started, log, failed, ...more] = of(again, '2 3/3 RUN fail');
    assert.deepEqual([started, log, more], ['started', 'log oh', []]);
    assert.match(failed ?? '', /^failed .*returned a non-zero code: 7/);
    assert.deepEqual(of(await told({ stepEvents: true, noCache: true }), 'two 2/3 RUN make b'), ['started', 'log said', 'done']);
  });
});
