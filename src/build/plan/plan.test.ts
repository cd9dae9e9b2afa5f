import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Digest, Image, ImageRunConfig } from '#image';
import { parseDockerfile } from '../dockerfile/parse.ts';
import { globalArgs } from './arguments.ts';
import { gather } from './gather.ts';
import type { Operation, Plan, RunOperation, VertexId } from './graph.ts';
import { planGraph } from './plan.ts';
import { splitStages } from './stages.ts';

/** An image of one layer, as far as a plan looks at it. */
function image(name: string, config: ImageRunConfig = {}): Image {
  const digest = (text: string) => `sha256:${Buffer.from(text).toString('hex').padEnd(64, '0').slice(0, 64)}` as Digest; // the form of a digest
  const blob = { mediaType: 'layer', digest: digest(`blob ${name}`), size: 1 };
  const parts = { architecture: 'amd64', os: 'linux', config, rootfs: { type: 'layers' as const, diff_ids: [digest(`diff ${name}`)] } };
  const manifest = { schemaVersion: 2 as const, mediaType: '', config: blob, layers: [blob] };
  return { id: digest(name), manifestDigest: digest(name), manifest, config: parts, tags: [], digests: [], size_bytes: 0, created_ms: 0 };
}

async function plan(text: string, { target = '', args = {}, images = {} as Record<string, Image> } = {}): Promise<Plan> {
  const file = parseDockerfile(text);
  const globals = globalArgs(file, args, { architecture: 'amd64', target });
  const stages = splitStages(file, target, (word) => word.replace(/\$\{?(\w+)\}?/, (_, name: string) => globals.values.get(name) ?? ''));
  const gathered = await gather(stages, (name) => Promise.resolve(name === 'scratch' ? undefined : (images[name] ?? image(name))));
  return planGraph(file, stages, gathered, globals, { buildArgs: args, networkMode: 'default' });
}

const operations = (made: Plan): readonly Operation[] => [...made.vertices.values()].map(({ operation }) => operation);
const runs = (made: Plan): readonly RunOperation[] => operations(made).filter((operation) => operation.kind === 'run');
const words = (made: Plan) => runs(made).map((run) => run.words.at(-1));

for (const [what, text, target, expected] of [
  ['only what the target needs', 'FROM a AS one\nRUN 1\nFROM a AS two\nRUN 2\nFROM one\nRUN 3', '', ['1', '3']],
  ['a stage that COPY takes from', 'FROM a AS one\nRUN 1\nFROM a\nCOPY --from=one /x /\nRUN 2', '', ['1', '2']],
  ['a stage by its number', 'FROM a\nRUN 1\nFROM a\nCOPY --from=0 /x /', '', ['1']],
  ['a stage that a mount takes from', 'FROM a AS one\nRUN 1\nFROM a\nRUN --mount=from=one,target=/m 2', '', ['1', '2']],
  ['up to a target in the middle', 'FROM a AS one\nRUN 1\nFROM one AS two\nRUN 2\nFROM two\nRUN 3', 'two', ['1', '2']],
  ['equal steps upon equal stages once', 'FROM a AS one\nRUN 1\nFROM a AS two\nRUN 1\nFROM a\nCOPY --from=one /x /\nCOPY --from=two /x /', '', ['1']],
  ['equal steps upon different stages twice', 'FROM a AS one\nRUN 1\nFROM b AS two\nRUN 1\nFROM a\nCOPY --from=one /x /\nCOPY --from=two /x /', '', ['1', '1']],
] as const)
  test(`a plan has ${what}`, async () => assert.deepEqual(words(await plan(text, { target })), expected));

test('triggers of the base run first, and are not inherited twice', async () => {
  const base = image('base', { OnBuild: ['RUN trigger', 'COPY --from=tool /t /'] });
  const made = await plan('FROM tools AS tool\nRUN make\nFROM base AS first\nRUN own\nFROM first\nRUN last', { images: { base } });
  assert.deepEqual(words(made), ['make', 'trigger', 'own', 'last']);
  assert.equal(made.stages.at(-1)?.result.config.OnBuild, undefined);
  const inFile = await plan('FROM a AS one\nONBUILD RUN trigger\nFROM one AS two\nFROM two\nRUN last');
  assert.deepEqual(words(inFile), ['trigger', 'last']);
});

test('arguments are seen where they are declared, and an ENV of the same name wins', async () => {
  const made = await plan('ARG A=global\nFROM x\nRUN none\nARG A\nRUN declared\nARG B=b\nENV A=env\nRUN both $B', { args: { B: 'given' } });
  const own = runs(made).map(({ environment }) => environment.filter((entry) => !entry.startsWith('PATH=')));
  assert.deepEqual(own, [[], ['A=global'], ['A=env', 'B=given']]);
  assert.equal(made.stages[0]?.result.history.at(-1)?.text, '|1 B=given /bin/sh -c both $B');
});

test('a stage inherits the arguments of the stage that it stands on, and gives none of its own back', async () => {
  const made = await plan('FROM x AS low\nARG A=low\nFROM low AS high\nARG B=high\nRUN high\nFROM low\nCOPY --from=high /f /\nRUN other');
  const own = runs(made).map(({ environment }) => environment.filter((entry) => !entry.startsWith('PATH=')));
  assert.deepEqual(own, [['A=low', 'B=high'], ['A=low']]);
});

test('a maintainer is taken as written, a checksum with its variables', async () => {
  const made = await plan('FROM x\nARG SUM=sha256:aa\nMAINTAINER $M\nADD --checksum=$SUM http://x.example/f /');
  assert.equal(made.stages[0]?.result.author, '$M');
  assert.deepEqual(
    operations(made).flatMap((operation) => (operation.kind === 'url' ? [operation.checksum] : [])),
    ['sha256:aa'],
  );
});

test('of a port with an address the container’s own is exposed', async () => {
  const made = await plan('FROM x\nEXPOSE 127.0.0.1:8080:80 53/udp 7000-7001');
  assert.deepEqual(Object.keys(made.stages[0]?.result.config.ExposedPorts ?? {}), ['80/tcp', '53/udp', '7000/tcp', '7001/tcp']);
});

test('what a step works upon comes from the base', async () => {
  const base = image('base', { WorkingDir: '/w', User: 'app', Env: ['PATH=/p', 'HOME=/h'], Shell: ['/bin/bash', '-lc'] });
  const [run] = runs(await plan('FROM base\nWORKDIR in\nRUN --network=none echo', { images: { base } }));
  assert.deepEqual(run && { ...run, below: '', image: '' }, {
    kind: 'run',
    below: '',
    image: '',
    words: ['/bin/bash', '-lc', 'echo'],
    environment: ['PATH=/p', 'HOME=/h'],
    workingDirectory: '/w/in',
    user: 'app',
    network: 'none',
    insecure: false,
    mounts: [],
  });
});

test('a copied layer that stands by itself depends on nothing below, unless a name must be looked up', async () => {
  const made = await plan('FROM a\nCOPY --link x /\nCOPY --link --chown=7:8 x /\nCOPY --link --chown=app x /\nCOPY x /');
  assert.deepEqual(
    operations(made).flatMap((operation) => (operation.kind === 'copy' ? [operation.below === undefined] : [])),
    [true, true, false, false],
  );
});

test('a URL and a repository are vertices of their own', async () => {
  const made = await plan('FROM a\nADD http://x.example/f http://x.example/r.git#v1:d git@x.example:r /t/');
  assert.deepEqual(
    operations(made).flatMap((operation) => ('url' in operation ? [[operation.kind, operation.url]] : [])),
    [
      ['url', 'http://x.example/f'],
      ['git', 'http://x.example/r.git#v1:d'],
      ['git', 'git@x.example:r'],
    ],
  );
});

for (const [text, problem] of [
  ['FROM a\nCOPY http://x.example/f /', /line 2: source can't be a URL for COPY/],
  ['FROM a\nADD --checksum=sha256:00 f /', /checksum/],
  ['FROM a\nCOPY --chmod=u=q f /', /invalid chmod parameter: 'u=q'.*u=rwX/],
  ['FROM a\nCOPY --from=1 f /', /invalid from flag value 1/],
  ['FROM a AS s\nCOPY --from=s f /', /line 2: circular dependency detected on stage: s/],
  ['FROM a\nRUN --mount=from=s,target=/m x\nFROM a AS s\nCOPY --from=0 f /', /line 2: .*stage "s", it needs to be defined before/],
  ['FROM a\nARG S\nCOPY --from=$S f /', /line 3: variable expansion is not supported for --from/],
  ['FROM a\nVOLUME $NONE', /line 2: VOLUME specified can not be an empty string/],
  ['FROM a\nSTOPSIGNAL SIGRTMAX-31', /line 2: invalid signal/],
] as const)
  test(`${JSON.stringify(text)} is refused`, async () => assert.rejects(plan(text), { message: problem }));

for (const [text, expected] of [
  ['FROM scratch', { WorkingDir: '/', Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] }],
  ['FROM a\nEXPOSE 0 80/', { ExposedPorts: { '0/tcp': {}, '80/tcp': {} } }],
  ['FROM a\nSTOPSIGNAL SIGRTMAX-2', { StopSignal: 'SIGRTMAX-2' }],
  ['FROM a\nSHELL ["/bin/ash", "-ec"]\nHEALTHCHECK CMD x', { Shell: ['/bin/ash', '-ec'], Healthcheck: { Test: ['CMD-SHELL', 'x'] } }],
  ['FROM a\nHEALTHCHECK --interval= --timeout=0 --retries=0 CMD x', { Healthcheck: { Test: ['CMD-SHELL', 'x'] } }],
] as const)
  test(`${JSON.stringify(text)} is configured as by the reference`, async () => {
    const { config } = (await plan(text)).stages[0]?.result ?? {};
    assert.deepEqual({ ...config, ...expected }, config);
  });

test('whatever the stages, every input of a vertex is in the plan, and there is no way in a circle', async () => {
  const stage = fc.record({
    base: fc.nat(6),
    steps: fc.array(fc.oneof(fc.record({ run: fc.nat(3) }), fc.record({ copy: fc.nat(6) }), fc.record({ label: fc.nat(3) })), { maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(stage, { minLength: 1, maxLength: 6 }), async (stages) => {
      const text = stages.flatMap(({ base, steps }, index) => [
        `FROM ${base < index ? `s${base}` : 'image'} AS s${index}`,
        ...steps.map((step) => {
          if ('run' in step) return `RUN step ${step.run}`;
          if ('label' in step) return `LABEL l=${step.label}`;
          return step.copy < index ? `COPY --from=s${step.copy} /x /y` : 'COPY x /y';
        }),
      ]);
      const made = await plan(text.join('\n'));
      const state = new Map<VertexId, 'open' | 'done'>();
      const visit = (id: VertexId): void => {
        assert.notEqual(state.get(id), 'open');
        if (state.get(id) === 'done') return;
        state.set(id, 'open');
        const vertex = made.vertices.get(id);
        assert.ok(vertex);
        vertex.inputs.forEach(visit);
        state.set(id, 'done');
      };
      for (const { result } of made.stages) visit(result.top);
      // What nobody needs is not there at all.
      assert.equal(state.size, made.vertices.size);
    }),
    { numRuns: 150 },
  );
});
