import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, link, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeContext } from '../support/context.ts';
import { startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { output, run } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const at = (name: string) => join(docker.daemon.folder, name);
let number = 0;
/** Builds in a folder with these files, and answers what a shell says in the image. */
async function builds(files: Readonly<Record<string, string>>, dockerfile: string, script: string): Promise<string> {
  const folder = await makeContext(at(`copy-${(number += 1)}`), { ...files, Dockerfile: dockerfile });
  await output(docker.daemon.docker(['build', '-q', '-t', 'copied', '.'], { folder }));
  return await docker.run('run --rm copied sh -c', script);
}

test('--chmod takes octal and symbolic modes, --chown names of the image', async () => {
  const said = await builds(
    { 'd/run.sh': '', 'd/in/text': '' },
    'FROM busybox\nCOPY --chmod=u=rwX,go=rX --chown=app d /symbolic/\nCOPY --chmod=0640 --chown=7 d/run.sh /octal\nCOPY --chmod=a+x,u+s d/run.sh /plus\n',
    'stat -c "%a %U:%G" /symbolic/in /symbolic/run.sh /symbolic/in/text; stat -c "%a %u:%g" /octal; stat -c %a /plus',
  );
  assert.equal(said, '755 app:app\n644 app:app\n644 app:app\n640 7:7\n4755\n');
});

test('--parents keeps folders, before a pivot not, and --exclude leaves out', async () => {
  const files = { 'a/b/1.txt': '', 'a/c/2.txt': '', 'a/c/2.md': '', 'top.txt': '', 'a/c/deep/er/3.txt': '' };
  const said = await builds(
    files,
    'FROM busybox\nCOPY --parents a/*/*.txt /parents/\nCOPY --parents a/./c /pivot/\nCOPY --parents ./**/*.txt /all/\nCOPY --exclude=*.md --exclude=**/er a /without/\n',
    'cd / && find parents pivot all without -type f | sort',
  );
  const expected = [
    ...['a/b/1.txt', 'a/c/2.txt', 'a/c/deep/er/3.txt', 'top.txt'].map((name) => `all/${name}`),
    ...['a/b/1.txt', 'a/c/2.txt'].map((name) => `parents/${name}`),
    ...['c/2.md', 'c/2.txt', 'c/deep/er/3.txt'].map((name) => `pivot/${name}`),
    ...['b/1.txt', 'c/2.md', 'c/2.txt'].map((name) => `without/${name}`),
  ];
  assert.deepEqual(said.trim().split('\n'), expected);
});

test('--link makes a layer that stands by itself: what is below may change', async () => {
  const dockerfile = (below: string) => `FROM busybox\nRUN echo ${below} > /below\nCOPY --link file /linked/\nCOPY file /plain/\n`;
  const folder = await makeContext(at('link'), { file: 'text\n', Dockerfile: dockerfile('one') });
  await output(docker.daemon.docker(['build', '.'], { folder }));
  await writeFile(join(folder, 'Dockerfile'), dockerfile('two'));
  const said = await output(docker.daemon.docker(['build', '-t', 'linked', '.'], { folder }));
  assert.match(said, /COPY --link file \/linked\/\n ---> Using cache\n/);
  assert.doesNotMatch(said, /COPY file \/plain\/\n ---> Using cache\n/);
  assert.equal(await docker.run('run --rm linked cat /below /linked/file'), 'two\ntext\n');
});

test('owners, capabilities and hard links of an image come along; those of a context are root’s', async () => {
  const said = await builds(
    { 'a.txt': '' },
    'FROM busybox AS source\nRUN mkdir /s && echo 1 > /s/a && ln /s/a /s/b && chown 5:6 /s/a && mkfifo /s/pipe\nFROM busybox\nCOPY --from=source /s /s\nCOPY a.txt /\n',
    'stat -c "%u:%g %h" /s/a /s/b; test -p /s/pipe && stat -c "%u:%g" /a.txt',
  );
  assert.equal(said, '5:6 2\n5:6 2\n0:0\n');
});

test('wildcards may fit nothing, and a target that is a dangling link is filled', async () => {
  const said = await builds(
    { file: 'text\n' },
    'FROM busybox\nRUN ln -s /real/name /link\nCOPY none* file /some/\nCOPY --parents none/*.txt /\nADD no[ab] /\nCOPY file /link\n',
    'ls /some; readlink /link; cat /real/name',
  );
  assert.equal(said, 'file\n/real/name\ntext\n');
});

test('folders that are made on the way: of the mode in figures, with --parents as they are, and of the user at WORKDIR', async () => {
  const folder = at('folders');
  await makeContext(folder, {
    'shut/in/file': '',
    'shut/out/file': '',
    Dockerfile: `FROM busybox
COPY --chmod=700 shut/in/file /figures/deep/
COPY --chmod=u+x shut/in/file /letters/deep/
COPY --parents --exclude=shut/out shut/in/f* shut /kept/
USER app
WORKDIR /home/new/one
USER 77
WORKDIR two
USER nobody-here
WORKDIR /three
USER root
`,
  });
  await chmod(join(folder, 'shut'), 0o710);
  await output(docker.daemon.docker(['build', '-t', 'folders', '.'], { folder }));
  const paths = '/figures /figures/deep /letters/deep /kept/shut /kept/shut/in /home/new /home/new/one /home/new/one/two /three';
  assert.equal(
    await docker.run('run --rm folders sh -c', `stat -c "%a %u:%g" ${paths}; ls /kept/shut`),
    '700 0:0\n700 0:0\n755 0:0\n710 0:0\n755 0:0\n755 1000:1000\n755 1000:1000\n755 77:77\n755 0:0\nin\n',
  );
});

test('--chmod may name what somebody else has, and --chown is of what an archive holds too', async () => {
  const folder = await makeContext(at('given'), { file: '', Dockerfile: 'FROM busybox\nCOPY --chmod=u=rw,go=u-w file /file\nADD --chown=3:4 a.tar /a/\n' });
  await output(run(['tar', '--owner=5', '--group=6', '-cf', 'a.tar', 'file'], { folder }));
  await output(docker.daemon.docker(['build', '-t', 'given', '.'], { folder }));
  assert.equal(await docker.run('run --rm given stat -c', '%a %u:%g', '/file', '/a/file'), '644 0:0\n644 3:4\n');
});

test('links in the context and in the image lead nowhere outside; setuid bits stay', async () => {
  const folder = await makeContext(at('hostile'), {
    Dockerfile: 'FROM busybox\nRUN ln -s /../../../../../../.. /up && ln -s /tmp/t /t && mkdir /tmp/t\nCOPY . /up/c/\nCOPY file /t/\n',
    file: 'inside\n',
  });
  await symlink('/etc/hostname', join(folder, 'out'));
  await symlink('../../../../../etc/hostname', join(folder, 'far'));
  await link('/etc/hostname', join(folder, 'hard')).catch(() => undefined); // another file system has none
  await writeFile(join(folder, 'suid'), '');
  await chmod(join(folder, 'suid'), 0o4755);
  await output(docker.daemon.docker(['build', '-t', 'hostile', '.'], { folder }));
  assert.equal(
    await docker.run('run --rm hostile sh -c', 'readlink /c/out; readlink /c/far; stat -c %a /c/suid; cat /tmp/t/file'),
    '/etc/hostname\n../../../../../etc/hostname\n4755\ninside\n',
  );
  await writeFile(join(folder, 'Dockerfile'), 'FROM busybox\nCOPY out /\n');
  assert.match((await docker.daemon.docker(['build', '.'], { folder })).stderr, /COPY failed.*out/);
});

test('devices and pipes of a context arrive as what they are, and no step may use a device by them', async () => {
  const folder = await makeContext(at('devices'), {
    Dockerfile: `FROM busybox
COPY . /all/
RUN ls -ln /all | awk '{print $1, $5 $6, $NF}'; for node in disk memory; do head -c1 /all/$node; done; echo end
RUN --mount=target=/m --mount=target=/w,rw for place in /m /w; do head -c1 $place/disk; head -c1 $place/memory; done; echo end
`,
  });
  // The machine's first disk and its memory.
  for (const words of [
    ['b', '254', '0'],
    ['c', '1', '2'],
  ])
    await docker.inside(['mknod', join(folder, words[0] === 'b' ? 'disk' : 'memory'), ...words]);
  await docker.inside(['mkfifo', join(folder, 'pipe')]);
  const said = await docker.inside(['sh', '-c', `tar -C ${folder} -c . | docker build -`]);
  assert.match(said, /^br\S+ 254,0 disk$/m);
  assert.match(said, /^cr\S+ 1,2 memory$/m);
  assert.match(said, /^pr\S+ \S+ pipe$/m);
  assert.equal(said.match(/head: \/\w+\/(?:disk|memory): Operation not permitted/g)?.length, 6);
});

test('a tar with entries that lead out writes nothing outside', async () => {
  const folder = await makeContext(at('evil'), { Dockerfile: 'FROM busybox\nADD evil.tar /x/\nRUN find /x\n', escaped: 'no' });
  await output(run(['tar', '-cPf', 'evil.tar', '--transform', 's,^escaped,../../../../../../escaped,', 'escaped'], { folder }));
  assert.match((await docker.daemon.docker(['build', '.'], { folder })).stderr, /Cannot unpack the tar stream: [\s\S]*'\.\.'/);
  assert.match(await docker.inside(['sh', '-c', 'ls /escaped 2>&1 || true']), /No such file/);
});

test('ADD of an archive replaces a link by a folder that the archive names, and follows one that it does not', async () => {
  const below = ['led', 'other'].map((to) => `mkdir /${to} && chmod 711 /${to}`).join(' && ');
  const folder = await makeContext(at('over-links'), {
    's/f': 'named\n',
    'ü b/f': 'odd\n',
    'implied/f': 'through\n',
    full: 'a file\n',
    Dockerfile: `FROM busybox AS base
RUN ${below} && mkdir -p /t/full/in /t/kept && echo k > /t/kept/k && ln -s /led /t/s && ln -s /led "/t/ü b" && ln -s /other /t/implied
FROM base
ADD a.tar /t
FROM base AS chowned
ADD --chown=3:4 a.tar.gz /t
`,
  });
  const pack = ['sh', '-c', 'mkdir kept && tar --owner=5 --group=6 -cf a.tar ./s "ü b" ./kept implied/f full && gzip -k a.tar'];
  await output(run(pack, { folder }));
  const look = 'cd /t; stat -c "%F %u %n" s "ü b" implied kept full; cat s/f "ü b/f" implied/f full kept/k; ls -A /led /other; stat -c "%a %u" /led /other';
  const expected = (user: number) =>
    `directory ${user} s\ndirectory ${user} ü b\nsymbolic link 0 implied\ndirectory ${user} kept\nregular file ${user} full\n` +
    'named\nodd\nthrough\na file\nk\n/led:\n\n/other:\nf\n711 0\n711 0\n';
  for (const [target, user] of [
    ['1', 5],
    ['chowned', 3],
  ] as const) {
    await output(docker.daemon.docker(['build', '-q', '-t', 'over', '--target', target, '.'], { folder }));
    assert.equal(await docker.run('run --rm over sh -c', look), expected(user));
  }
});

test('a folder of a layer that is loaded or imported replaces a link too; docker cp refuses it, as it does elsewhere', async () => {
  const folder = await makeContext(at('over-links-otherwise'), {
    's/f': 'named\n',
    Dockerfile: 'FROM busybox AS made\nRUN mkdir /t && ln -s /root /t/s\nRUN rm /t/s && mkdir /t/s && echo in > /t/s/in\n',
  });
  const look = ['sh', '-c', 'stat -c %F /t/s; ls /t/s; ls -A /root'];
  await output(docker.daemon.docker(['build', '-q', '-t', 'layered', '.'], { folder }));
  await docker.run('save -o', at('layered.tar'), 'layered');
  await docker.run('rmi layered');
  await docker.run('builder prune -af');
  await docker.run('load -i', at('layered.tar'));
  assert.equal(await docker.run('run --rm layered', ...look), 'directory\nin\n');
  const inFolder = (script: string) => docker.inside(['sh', '-c', `cd ${folder} && ${script}`]);
  await inFolder('mkdir -p linked/t root && ln -s /root linked/t/s && mkdir t && mv s t/');
  await docker.run('create --name copied-into busybox sh');
  await inFolder('tar -C linked -c t | docker cp - copied-into:/');
  await assert.rejects(inFolder('tar -c t | docker cp - copied-into:/'), /cannot overwrite a non-directory with a directory/);
  await docker.run('rm copied-into');
  await inFolder('tar -cf i.tar root && tar -C linked -rf i.tar t && tar -rf i.tar t && docker import i.tar imported');
  await docker.run('create --name exported imported x');
  const entries = await docker.inside(['sh', '-c', 'docker export exported | tar -t']);
  assert.deepEqual([entries.includes('\nt/s/\n'), entries.includes('\nt/s/f\n'), /^root\/./m.test(entries)], [true, true, false]);
  await docker.run('rm exported');
});

const SERVER = `
const http = require('node:http'), asked = {};
http.createServer((request, response) => {
  request.url = request.url.split('?')[0]; asked[request.url] = (asked[request.url] ?? 0) + 1;
  if (request.url === '/asked') return response.end(JSON.stringify(asked));
  if (request.url === '/named') response.setHeader('Content-Disposition', 'attachment; filename="told.txt"');
  if (request.url === '/moved') { response.writeHead(302, { Location: '/plain.txt' }); return response.end(); }
  if (request.url === '/gone') { response.writeHead(404); return response.end(); }
  if (request.url.startsWith('/repo/')) { const fs = require('node:fs'), path = process.argv[1] + request.url; if (!fs.existsSync(path) || fs.statSync(path).isDirectory()) { response.writeHead(404); return response.end(); } return response.end(fs.readFileSync(path)); }
  if (request.url === '/context.tar') return response.end(require('node:fs').readFileSync(process.argv[1] + '/context.tar'));
  if (request.url === '/Dockerfile') { response.setHeader('Content-Type', 'text/plain'); return response.end('FROM busybox\\nRUN echo alone > /said\\n'); }
  response.setHeader('ETag', '"one"'); response.setHeader('Last-Modified', 'Tue, 14 Nov 2023 22:13:20 GMT');
  if (request.headers['if-none-match'] === '"one"') { response.writeHead(304); return response.end(); }
  response.end('the content\\n');
}).listen(8080, '127.0.0.1', () => console.log('ready'));
`;

async function serve(): Promise<AsyncDisposable> {
  const child = docker.daemon.spawn([process.execPath, '-e', SERVER, docker.daemon.folder]);
  await eventually('the server', async () => (await docker.daemon.inside(['curl', '-s', 'http://127.0.0.1:8080/asked'])).status === 0);
  return {
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await gone;
    },
  };
}
const asked = async () => JSON.parse(await docker.inside(['curl', '-s', 'http://127.0.0.1:8080/asked'])) as Record<string, number>; // as the server above writes it

test('ADD fetches URLs: names, times, digests, and the second time only asks whether it is the same', async () => {
  await using _server = await serve();
  const base = 'http://127.0.0.1:8080';
  const digest = `sha256:${createHash('sha256').update('the content\n').digest('hex')}`;
  const dockerfile = `FROM busybox\nADD ${base}/plain.txt ${base}/moved ${base}/named /in/\nADD --checksum=${digest} --chmod=644 ${base}/plain.txt /file\n`;
  assert.equal(
    await builds({}, dockerfile, 'ls /in; stat -c "%a %Y" /in/plain.txt /file; cat /file'),
    'plain.txt\ntold.txt\n600 1700000000\n644 1700000000\nthe content\n',
  );
  const before = await asked();
  const folder = await makeContext(at('urls'), { Dockerfile: dockerfile });
  assert.doesNotMatch(await output(docker.daemon.docker(['build', '.'], { folder })), /ADD.*\n ---> [0-9a-f]{12}\n/);
  assert.equal((await asked())['/plain.txt'], (before['/plain.txt'] ?? 0) + 2);
  const refused = (text: string) => docker.refusedFeed(`FROM busybox\n${text}\n`, 'build -');
  assert.match(await refused(`ADD ${base}/gone /x`), /\/gone: the server answered 404/);
  assert.match(await refused(`ADD --checksum=sha256:${'0'.repeat(64)} ${base}/plain.txt /x`), /has the digest sha256:.*--checksum says/);
  assert.match(await refused('ADD http://127.0.0.1:1/x /x'), /no answer from http:\/\/127\.0\.0\.1:1\/x/);
});

test('ADD takes a repository at a ref and a folder of it; a context may be one, or a tar, or a Dockerfile at a URL', async () => {
  const git = ['git', '-c', 'user.name=a', '-c', 'user.email=a@b.example', '-c', 'init.defaultBranch=main'];
  const work = await makeContext(at('work'), {
    'sub/file': 'first\n',
    Dockerfile: 'FROM busybox\nCOPY sub /sub\n',
    'sub/Dockerfile': 'FROM busybox\nCOPY file /alone\n',
    Whole: 'FROM busybox\nCOPY . /all\n',
  });
  const inWork = (...words: readonly string[]) => output(run([...git, ...words], { folder: work }));
  await inWork('init', '-q');
  await inWork('add', '.');
  await inWork('commit', '-qm', 'one');
  await inWork('tag', 'v1');
  await writeFile(join(work, 'sub/file'), 'second\n');
  await inWork('commit', '-qam', 'two');
  await output(run([...git, 'clone', '-q', '--bare', work, at('repo/it.git')]));
  await output(run([...git, 'update-server-info'], { folder: at('repo/it.git') }));
  await output(run(['tar', '-cf', at('context.tar'), '.'], { folder: work }));
  await using _server = await serve();
  const url = 'http://127.0.0.1:8080/repo/it.git';
  const said = await builds(
    {},
    `FROM busybox\nADD ${url}#v1:sub /old/\nADD --keep-git-dir ${url} /new/\n`,
    'cat /old/file /new/sub/file; test -d /new/.git && test ! -e /old/.git && echo kept',
  );
  assert.equal(said, 'first\nsecond\nkept\n');
  for (const [context, path, expected] of [
    [`${url}#main`, '/sub/file', 'second\n'],
    [`${url}#v1:sub`, '/alone', 'first\n'],
    ['http://127.0.0.1:8080/context.tar', '/sub/file', 'second\n'],
    ['http://127.0.0.1:8080/Dockerfile', '/said', 'alone\n'],
  ] as const) {
    await output(docker.daemon.gantry(['build', '-t', 'remote', context]));
    assert.equal(await docker.run('run --rm remote cat', path), expected);
  }
  await makeContext(at('by-name'), { Dockerfile: 'FROM busybox\nCOPY --from=repo /file /f\n' });
  await output(docker.daemon.gantry(['build', '-t', 'remote', '--build-context', `repo=${url}#v1:sub`, at('by-name')]));
  assert.equal(await docker.run('run --rm remote cat /f'), 'first\n');
  assert.match(await docker.refusedFeed(`FROM busybox\nADD ${url}#nosuch /x/\n`, 'build -'), /Cannot find "nosuch" in the repository/);
  // A branch whose name ends as another one is called, and a tag of the same name as a branch.
  for (const words of [
    ['checkout', '-q', '-b', 'a/main', 'v1'],
    ['tag', 'main', 'v1'],
    ['tag', '-a', '-m', 'signed', 'v2', 'v1'],
  ])
    await inWork(...words);
  await output(run([...git, 'push', '-q', '--all', at('repo/it.git')], { folder: work }));
  await output(run([...git, 'push', '-q', '--tags', at('repo/it.git')], { folder: work }));
  await output(run([...git, 'update-server-info'], { folder: at('repo/it.git') }));
  const commit = (await output(run([...git, 'rev-parse', 'v1'], { folder: work }))).trim();
  const added = await builds(
    {},
    `FROM busybox\nADD ${url}#main:sub /1/\nADD ${url}?tag=main&subdir=sub /2/\nADD ${url}?branch=a/main&keep-git-dir=true /3/\nADD ${url}?tag=v2&checksum=${commit.slice(0, 9)}&subdir=sub /4/\nADD --checksum=${commit} ${url}#v2 /5/\nADD ${url}?commit=${commit} /6/\n`,
    'cat /1/file /2/file /3/sub/file /4/file /5/sub/file /6/sub/file; test -d /3/.git && test ! -e /6/.git && echo kept',
  );
  assert.equal(added, `second\n${'first\n'.repeat(5)}kept\n`);
  await output(docker.daemon.gantry(['build', '-t', 'attested', '--provenance', `${url}#a/main`]));
  assert.ok((await output(docker.daemon.gantry(['attestations', 'attested']))).includes(`{"uri":"${url}#a/main","digest":{"gitCommit":"${commit}"}}`));
  const refusals = [
    [`ADD ${url}?tag=v1&checksum=${'0'.repeat(40)} /x/`, /has commit [0-9a-f]{40} at refs\/tags\/v1, and the address says 0{40}/],
    [`ADD --checksum=${'0'.repeat(40)} ${url}#v1 /x/`, /is at commit [0-9a-f]{40}, and --checksum says 0{40}/],
    [`ADD ${url}?color=red /x/`, /there is no color/],
  ] as const;
  for (const [line, problem] of refusals) assert.match(await docker.refusedFeed(`FROM busybox\n${line}\n`, 'build -'), problem);
  for (const [folder, extra] of [
    ['test ! -e', []],
    ['test -d', ['--build-arg', 'BUILDKIT_CONTEXT_KEEP_GIT_DIR=1']],
  ] as const) {
    await output(docker.daemon.gantry(['build', '-t', 'whole', '-f', 'Whole', ...extra, `${url}?branch=a/main`]));
    assert.equal(await docker.run('run --rm whole sh -c', `${folder} /all/.git && cat /all/sub/file`), 'first\n');
  }
});
