import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeContext } from '../support/context.ts';
import { startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { output } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const MAIN = fileURLToPath(import.meta.resolve('../../src/cli/main.ts'));
const at = (name: string) => join(docker.daemon.folder, name);
/** Builds a Dockerfile that needs no context, and answers what was said. */
const build = (dockerfile: string, ...words: readonly string[]) => docker.feed(dockerfile, 'build', ...words, '-');
const layerFiles = async (name: string) => {
  await docker.run('save -o', at('saved.tar'), name);
  const manifest = JSON.parse(await docker.inside(['tar', '-xOf', at('saved.tar'), 'manifest.json'])) as [{ Layers: string[] }]; // as docker save writes it
  const last = manifest[0].Layers.at(-1) ?? '';
  return (await docker.inside(['sh', '-c', `tar -xOf ${at('saved.tar')} ${last} | tar -tz`])).trim().split('\n');
};

test('a layer of RUN holds what the step wrote, and no place that something was mounted upon', async () => {
  await build('FROM busybox\nRUN --mount=type=tmpfs,target=/scratch/inner --mount=type=cache,target=/root/.cache echo made > /made\n', '-t', 'only');
  assert.deepEqual(await layerFiles('only'), ['made']);
  await docker.run('run --name changed busybox sh -c', 'echo more > /more');
  await docker.run('commit changed committed');
  assert.deepEqual(await layerFiles('committed'), ['more']);
  await docker.run('rm changed');
});

test('a bind mount shows files of the context, of a stage or of an image, and forgets what is written', async () => {
  const folder = await makeContext(at('bind'), {
    'd/a.txt': 'from the context\n',
    Dockerfile: `FROM busybox AS source
RUN mkdir /s && echo from the stage > /s/b.txt
FROM busybox
RUN --mount=target=/ctx --mount=from=source,source=/s,target=/stage --mount=from=busybox,target=/image cat /ctx/d/a.txt /stage/b.txt > /all && test -x /image/bin/busybox && ! touch /ctx/x
RUN --mount=target=/ctx,rw --mount=from=source,target=/stage,rw echo lost > /ctx/new && echo lost > /stage/new && cat /ctx/new
RUN --mount=target=/ctx test ! -e /ctx/new && test ! -e /stage
USER app
RUN --mount=target=/ctx --mount=target=/rw,rw cat /ctx/d/a.txt /rw/d/a.txt
`,
  });
  await output(docker.daemon.docker(['build', '-t', 'bound', '.'], { folder }));
  assert.equal(await docker.run('run --rm bound cat /all'), 'from the context\nfrom the stage\n');
  const again = await output(docker.daemon.docker(['build', '.'], { folder }));
  assert.doesNotMatch(again, /Running in/);
  await writeFile(join(folder, 'd/a.txt'), 'changed\n');
  assert.match(await output(docker.daemon.docker(['build', '.'], { folder })), /RUN --mount=target=\/ctx --mount=from=source.*\n ---> Running in/);
});

test('a cache mount outlives builds, is seeded, has an owner, and is pruned with the cache', async () => {
  const step = (text: string) => `FROM busybox\nRUN --mount=type=cache,id=shared,target=/c,uid=1000,mode=0700 ${text}\n`;
  await build(step('stat -c "%u %a" /c && echo kept > /c/file'));
  assert.match(await build(step('cat /c/file; stat -c "%u %a" /c')), /kept\n1000 700\n/);
  assert.match(await build('FROM busybox\nRUN --mount=type=cache,id=seeded,from=busybox,source=/etc,target=/c cat /c/passwd\n'), /root:x:0:0/);
  await assert.rejects(build('FROM busybox\nRUN --mount=type=cache,id=shared,target=/c,ro touch /c/no\n'));
  assert.match(await docker.run('system df -v --format', '{{json .BuildCache}}'), /exec\.cachemount/);
  assert.match(await docker.run('builder prune -f --filter type=exec.cachemount'), /reclaimed space: [1-9]/);
  assert.match(await build(step('ls -A /c; echo empty')), /\nempty\n/);
  assert.doesNotMatch(await docker.run('system df -v --format', '{{json .BuildCache}}'), /seeded/);
});

test('a locked cache mount is used by one step at a time, a private one by none together', async () => {
  const stage = (name: string, sharing: string) =>
    `FROM busybox AS ${name}\nRUN --mount=type=cache,id=${sharing},sharing=${sharing},target=/c mkdir /c/held && sleep 0.3 && rmdir /c/held && echo ${name} > /done\n`;
  for (const sharing of ['locked', 'private'])
    await build(`${stage('a', sharing)}${stage('b', sharing)}FROM busybox\nCOPY --from=a /done /a\nCOPY --from=b /done /b\n`);
});

test('a secret is seen by its step, as file or variable, and nowhere else', async () => {
  const word = 'swordfish-of-the-secret';
  await writeFile(at('secret'), word);
  const folder = await makeContext(at('secrets'), {
    Dockerfile:
      'FROM busybox\nRUN --mount=type=secret,id=file,mode=0444,uid=5 --mount=type=secret,id=variable,env=GIVEN stat -c "%a %u" /run/secrets/file; test "$(cat /run/secrets/file)" = "$GIVEN" && echo "$GIVEN" | wc -c\nRUN test ! -e /run/secrets && test -z "$GIVEN"\n',
  });
  const said = await output(
    docker.daemon.gantry(['build', '-t', 'secretive', '--secret', `id=file,src=${at('secret')}`, '--secret', 'id=variable,env=WORD', folder], {
      environment: { WORD: word },
    }),
  );
  assert.match(said, /444 5\n24\n/);
  await docker.run('save -o', at('secretive.tar'), 'secretive');
  assert.equal((await readFile(at('secretive.tar'))).includes(word), false);
  assert.equal((await docker.inside(['grep', '-rl', word, docker.daemon.dataDir]).catch(() => '')).trim(), '');
  assert.match(
    await docker.refusedFeed('FROM busybox\nRUN --mount=type=secret,id=absent,required=true true\n', 'build -'),
    /secret absent.*--secret id=absent/,
  );
  assert.match(await build('FROM busybox\nRUN --mount=type=secret,id=absent test ! -e /run/secrets/absent && echo without\n'), /without\n/);
  assert.match(await build('FROM busybox\nRUN --mount=type=secret,id=absent,env=GIVEN echo "[${GIVEN-unset}]"\n'), /\n\[\]\n/);
});

test('a step reaches the SSH agent of --ssh by a socket with its own mode and owner', async () => {
  // busybox has no client of stream sockets but logger, which speaks to /dev/log.
  const heard = Promise.withResolvers<string>();
  const agent = createServer((socket) => socket.once('data', (data) => heard.resolve(String(data)))).listen(at('agent'));
  await once(agent, 'listening');
  const folder = await makeContext(at('ssh'), {
    Dockerfile:
      'FROM busybox\nRUN --mount=type=ssh,mode=0640,uid=5 echo $SSH_AUTH_SOCK; test -S $SSH_AUTH_SOCK && stat -c "%a %u" $SSH_AUTH_SOCK\nRUN --mount=type=ssh,target=/dev/log logger a word for the agent\nRUN test -z "$SSH_AUTH_SOCK"\n',
  });
  try {
    const said = await output(docker.daemon.gantry(['build', '--ssh', 'default', folder], { environment: { SSH_AUTH_SOCK: at('agent') } }));
    assert.match(said, /\/run\/buildkit\/ssh_agent\.0\n640 5\n/);
    assert.match(await heard.promise, /a word for the agent/);
  } finally {
    agent.close();
  }
});

test('several SSH agents by their ids, an absent one, and a step that the cache answers without any', async () => {
  const heard: Record<string, string> = {};
  const agents = await Promise.all(
    ['one', 'two'].map(async (name) => {
      const agent = createServer((socket) => socket.on('data', (data) => (heard[name] = `${heard[name] ?? ''}${String(data)}`))).listen(at(`agent-${name}`));
      await once(agent, 'listening');
      return agent;
    }),
  );
  const Dockerfile = `FROM busybox
RUN --mount=type=ssh,id=one,target=/dev/log logger for one
RUN --mount=type=ssh,id=two,target=/dev/log logger for two
RUN --mount=type=ssh,id=one --mount=type=ssh,id=two ls /run/buildkit; echo $SSH_AUTH_SOCK
RUN --mount=type=ssh,id=three test -z "$SSH_AUTH_SOCK" && test ! -e /run/buildkit && echo none
`;
  const folder = await makeContext(at('agents'), { Dockerfile });
  const given = ['--ssh', `one=${at('agent-one')}`, '--ssh', `two=${at('agent-two')}`];
  try {
    const said = await output(docker.daemon.gantry(['build', ...given, folder]));
    assert.match(said, /\nssh_agent\.0\nssh_agent\.1\n\/run\/buildkit\/ssh_agent\.0\n/);
    assert.match(said, /\nnone\n/);
    assert.match(heard.one ?? '', /for one/);
    assert.match(heard.two ?? '', /for two/);
    assert.doesNotMatch(`${heard.one}`, /for two/);
  } finally {
    for (const agent of agents) agent.close();
  }
  const again = await output(docker.daemon.gantry(['build', folder]));
  assert.equal(again.match(/Using cache/g)?.length, 4);
  // Another id, another step.
  const needing = (id: string) => ({ Dockerfile: `FROM busybox\nRUN --mount=type=ssh,id=${id},required echo for nobody\n` });
  const { status, stderr } = await docker.daemon.gantry(['build', ...given, await makeContext(at('needing'), needing('three'))]);
  assert.notEqual(status, 0);
  assert.match(stderr, /no SSH key "three" forwarded from the client; give it with gantry build --ssh three/);
  assert.match((await docker.daemon.gantry(['build', '--ssh', 'three', folder])).stderr, /write default, or ID=SOCKET/);
});

test('an agent is taken by an absolute path only', async () => {
  const extensions = Buffer.from(JSON.stringify({ sshAgents: { default: 'run/agent.sock' } })).toString('base64url');
  const words = ['-s', '-X', 'POST', '-H', `X-Gantry-Build: ${extensions}`, '--unix-socket', docker.daemon.dockerSocket, 'http://docker/build'];
  assert.match(await docker.inside(['curl', ...words]), /invalid sshAgents\.default \\"run\/agent\.sock\\": it must be the absolute path of a socket/);
});

test('a tmpfs mount has a size, and a step its network, limits, hosts and shared memory', async () => {
  const said = await docker.feed(
    'FROM busybox\nRUN --mount=type=tmpfs,target=/t,size=1m df -k /t | tail -n1; ulimit -n; df -k /dev/shm | tail -n1; grep elsewhere /etc/hosts\nRUN --network=none ls /sys/class/net\n',
    'build --ulimit nofile=123:123 --shm-size 2m --add-host elsewhere:192.0.2.9 -',
  );
  assert.match(said, / 1024 [\s\S]*\n123\n[\s\S]* 2048 [\s\S]*192\.0\.2\.9\s+elsewhere/);
  assert.match(said, /RUN --network=none[\s\S]*Running in \w+\nlo\n/);
  assert.match(await docker.refusedFeed('FROM busybox\nRUN --security=insecure true\n', 'build -'), /--security=insecure is not allowed.*--allow/);
  assert.match(await docker.refusedFeed('FROM busybox\nRUN --mount=type=ssh,required=true true\n', 'build -'), /no SSH key "default" forwarded/);
});

test('a script in a here-document may name its own interpreter', async () => {
  assert.match(await build('FROM busybox\nRUN <<EOF\n#!/bin/awk -f\nBEGIN { print 6 * 7 }\nEOF\n'), /\n42\n/);
  assert.match(await build('FROM busybox\nRUN cat <<EOF > /file && cat /file\nsome $HOME text\nEOF\n'), /\nsome \/root text\n/);
});

test('a failed step is kept for a shell when --debug asks, and leaves nothing else', async () => {
  const folder = await makeContext(at('failing'), { Dockerfile: 'FROM busybox\nENV WORD=known\nWORKDIR /w\nRUN echo left > behind; exit 3\n' });
  const [before, images] = [await docker.baseline(), await docker.run('images -aq')];
  const { status, stdout, stderr } = await docker.daemon.gantry(['build', '--debug', folder], { input: 'cat behind; echo $WORD\n' });
  assert.equal(status, 3);
  assert.match(stderr, /returned a non-zero code: 3\nA shell in the failed step/);
  assert.match(stdout, /\nleft\nknown\n/);
  assert.equal(await docker.run('images -aq'), images);
  await docker.settled(before);
  assert.deepEqual(await readdir(join(docker.daemon.dataDir, 'engine/build-context')), []);
});

test('the shell of --debug has the mounts of the step, its variables, user, folder and network', async () => {
  const agent = createServer().listen(at('debug-agent'));
  await once(agent, 'listening');
  const mounts = [
    'target=/ctx',
    'type=cache,id=debugged,target=/c,uid=1000',
    'type=tmpfs,target=/t',
    'type=ssh,uid=1000',
    'type=secret,id=s,uid=1000,env=TOKEN,target=/s',
  ];
  const folder = await makeContext(at('debugged'), {
    Dockerfile: `FROM busybox
ARG GIVEN=arg
ENV WORD=known
WORKDIR /home
USER app
RUN --network=none ${mounts.map((mount) => `--mount=${mount}`).join(' ')} echo cached > /c/kept; exit 3
`,
    secret: 'hidden\n',
  });
  const before = await docker.baseline();
  const script = `head -n 1 /ctx/Dockerfile; cat /c/kept /s; echo "$TOKEN" $GIVEN $WORD; grep -o "/t tmpfs" /proc/mounts
test -S $SSH_AUTH_SOCK && echo agent; id -un; pwd; ls /sys/class/net\n`;
  const options = ['--debug', '--ssh', 'default', '--secret', `id=s,src=${join(folder, 'secret')}`];
  try {
    const { status, stdout } = await docker.daemon.gantry(['build', ...options, folder], { input: script, environment: { SSH_AUTH_SOCK: at('debug-agent') } });
    assert.equal(status, 3);
    assert.match(stdout, /\nFROM busybox\ncached\nhidden\nhidden\n? arg known\n\/t tmpfs\nagent\napp\n\/home\nlo\n/);
  } finally {
    agent.close();
  }
  assert.equal(await docker.run('ps -aq'), '');
  await docker.settled(before);
});

test('a build whose client goes away while its failed step has a shell leaves nothing', async () => {
  const folder = await makeContext(at('left'), { Dockerfile: 'FROM busybox\nRUN exit 4\n' });
  const [before, images] = [await docker.baseline(), await docker.run('images -aq')];
  const client = docker.daemon.spawn([process.execPath, '--no-warnings', MAIN, 'build', '--debug', '--run-dir', at('run'), folder]);
  client.stdin.write('echo in the shell\n');
  let said = '';
  for await (const text of client.stdout) if ((said += String(text)).includes('in the shell')) break;
  assert.ok(said.includes('in the shell'), said);
  client.kill('SIGKILL');
  await eventually('the end of the shell', async () => (await docker.run('ps -aq')) === '');
  await eventually('the end of its files', async () => (await docker.run('images -aq')) === images);
  await docker.settled(before);
});

test('a step that could not even begin is kept too, and a step without a shell stays as an image', async () => {
  const images = await docker.run('images -aq');
  const missing = await makeContext(at('missing'), { Dockerfile: 'FROM busybox\nRUN echo here > /here\nRUN ["/missing"]\n' });
  const debugged = await docker.daemon.gantry(['build', '--debug', missing], { input: 'cat /here\n' });
  assert.notEqual(debugged.status, 0);
  assert.match(debugged.stdout, /\nhere\n/);
  assert.equal(await docker.run('images -aq'), images);
  const bare = await makeContext(at('bare'), { Dockerfile: 'FROM scratch\nCOPY --from=busybox /bin/busybox /only\nRUN ["/only", "false"]\n' });
  const { status, stderr } = await docker.daemon.gantry(['build', '--debug', bare]);
  assert.equal(status, 127);
  const kept = /There is no \/bin\/sh in it\. Its files stay as the image (sha256:\w+)/.exec(stderr)?.[1] ?? assert.fail(stderr);
  const container = (await docker.run('create', kept, 'x')).trim();
  assert.match(await docker.inside(['sh', '-c', `docker export ${container} | tar -t`]), /^only$/m);
  await docker.run('rm', container);
  await docker.run('rmi', kept);
  assert.equal(await docker.run('images -aq'), images);
});
