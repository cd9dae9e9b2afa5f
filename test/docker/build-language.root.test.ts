import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeContext } from '../support/context.ts';
import { startDocker } from '../support/docker.ts';
import { output } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

let contexts = 0;
const context = (files: Readonly<Record<string, string>>) => makeContext(join(docker.daemon.folder, `language-${(contexts += 1)}`), files);
const build = (folder: string, ...words: readonly string[]) => docker.daemon.docker(['build', ...words, '.'], { folder });
// What docker prints is JSON of an object.
const config = async (name: string) => JSON.parse(await docker.inspect(name, '{{json .Config}}')) as Record<string, unknown>;

const EVERYTHING = `# syntax=docker/dockerfile:1
# escape=\`
ARG TAG=x FLAVOUR
# A comment within, a blank line within, and names in any case.
from busybox as Base
ARG FLAVOUR=sweet
env A=one B="two words" \`
  # inside

    FILE=foo.tar.gz
ENV OLD the old form
Label "com.example.file"="\${FILE%%.*}" rest=\${FILE#*.} swapped=\${FILE/tar/zip} default=\${NONE:-\${A}} set=\${A:+yes} literal='$A' escaped=\`$A
WORKDIR /work
WORKDIR \${NONE-sub}
COPY <<here.txt <<"kept.txt" ./
A is $A, \\$A and "\${NONE:-quoted}"
here.txt
A is $A
kept.txt
RUN <<EOF
  set -e
  echo "$FLAVOUR" > flavour
  # no comment of the Dockerfile's
  echo last >> flavour
EOF
RUN cat <<-ONE > both && cat <<-'TWO' >> both
	a $A
	ONE
	b $A
	TWO
RUN ["sh", "-c", "echo exec > exec"]
SHELL ["/bin/sh", "-e", "-c"]
VOLUME ["/v w"]
EXPOSE 80 53/udp 7000-7002
STOPSIGNAL \${NONE:-SIGUSR1}
HEALTHCHECK --interval=1m30s --timeout=1500ms --start-period=2s --start-interval=500ms --retries=4 CMD ["true"]
ONBUILD RUN <<EOF
  echo fired > /fired
EOF
USER 0:\${GROUP:-0}
ENTRYPOINT ["cat"]
CMD flavour
`;

test('the whole language, in one file with Windows line ends', async () => {
  const folder = await context({ Dockerfile: `\uFEFF${EVERYTHING.replaceAll('\n', '\r\n')}` });
  await output(build(folder, '-t', 'language', '--build-arg', 'FLAVOUR=sour'));
  const read = (path: string) => docker.run('run --rm language', path);
  assert.equal(await read('/work/sub/here.txt'), 'A is one, $A and "quoted"\n');
  assert.equal(await read('/work/sub/kept.txt'), 'A is $A\n');
  assert.equal(await read('/work/sub/flavour'), 'sour\nlast\n');
  assert.equal(await read('/work/sub/both'), 'a one\nb $A\n');
  assert.equal(await read('/work/sub/exec'), 'exec\n');
  const image = await config('language');
  assert.deepEqual(image['Labels'], {
    'com.example.file': 'foo',
    rest: 'tar.gz',
    swapped: 'foo.zip.gz',
    default: 'one',
    set: 'yes',
    literal: '$A',
    escaped: '$A',
  });
  assert.deepEqual((image['Env'] as string[]).toSorted().slice(0, 4), ['A=one', 'B=two words', 'FILE=foo.tar.gz', 'OLD=the old form']);
  const { Retries: retries, Test: words, Interval: interval, Timeout: timeout, StartPeriod: period } = image['Healthcheck'] as Record<string, unknown>;
  assert.deepEqual([words, interval, timeout, period, retries], [['CMD', 'true'], 90e9, 1.5e9, 2e9, 4]);
  assert.deepEqual(Object.keys(image['ExposedPorts'] as object).toSorted(), ['53/udp', '7000/tcp', '7001/tcp', '7002/tcp', '80/tcp']);
  const { Cmd, Entrypoint, Shell, StopSignal, User, Volumes, WorkingDir } = image;
  assert.deepEqual(
    { Cmd, Entrypoint, Shell, StopSignal, User, Volumes, WorkingDir },
    {
      Cmd: ['/bin/sh', '-e', '-c', 'flavour'],
      Entrypoint: ['cat'],
      Shell: ['/bin/sh', '-e', '-c'],
      StopSignal: 'SIGUSR1',
      User: '0:0',
      Volumes: { '/v w': {} },
      WorkingDir: '/work/sub',
    },
  );
});

test('a trigger with a here-document fires in the image that is built upon it', async () => {
  await output(build(await context({ Dockerfile: 'FROM language\n' }), '-t', 'upon'));
  assert.equal(await docker.run('run --rm upon /fired'), 'fired\n');
});

test('what is left out: exceptions, folders, and the file of the Dockerfile’s own name', async () => {
  const files = {
    Dockerfile: 'FROM busybox\nCOPY . /c\nCMD find /c -type f | sort\n',
    'Other.dockerfile': 'FROM busybox\nCOPY --exclude=*.md . /c\nCMD find /c -type f | sort\n',
    'Other.dockerfile.dockerignore': 'a\n*ocker*\n.*\n',
    '.dockerignore': '# all\n**\n!a/*/keep*\n!a/x/keep*\n!a/keep*\n!b\nb/c/d\n',
    'a/x/keep.txt': '',
    'a/x/gone.txt': '',
    'a/keep.md': '',
    'b/c/d/e': '',
    'b/c/e': '',
    'readme.md': '',
  };
  await output(build(await context(files), '-t', 'left'));
  assert.equal(await docker.run('run --rm left'), '/c/a/keep.md\n/c/a/x/keep.txt\n/c/b/c/e\n');
  // docker sends what .dockerignore leaves in; the daemon goes by the other file, where it was sent.
  await output(docker.daemon.docker(['build', '-t', 'other', '-f', 'Other.dockerfile', '.'], { folder: await context({ ...files, '.dockerignore': '' }) }));
  assert.equal(await docker.run('run --rm other'), '/c/b/c/d/e\n/c/b/c/e\n');
});

test('what does not read is refused with its line, and nothing is built', async () => {
  for (const [text, message] of [
    ['FROM busybox\nRUNN x\n', 'dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)'],
    ['FROM busybox\nCOPY \\\n  --chmood=1 a b\n', 'dockerfile parse error on line 2: unknown flag: --chmood (did you mean --chmod?)'],
    ['FROM busybox\nRUN <<EOF\nx\n', 'dockerfile parse error on line 2: unterminated heredoc'],
    ['# syntax=example.com/own:1\nFROM busybox\n', 'dockerfile parse error on line 1: the frontend "example.com/own:1" is not supported'],
    ['FROM busybox\nLABEL a="${NONE:?say which}"\n', 'NONE: say which'],
    ['FROM busybox\nENV A=${NONE\n', "syntax error: missing '}'"],
  ] as const) {
    const { status, stderr } = await build(await context({ Dockerfile: text }));
    assert.deepEqual([status, stderr.includes(message)], [1, true], stderr);
    assert.match(stderr, /line [12]/);
  }
});
