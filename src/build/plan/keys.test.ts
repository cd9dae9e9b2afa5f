import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CopyOperation, RunOperation, VertexId } from './graph.ts';
import { copyKey, keyOf, quickCopyKey, runKey, workdirKey } from './keys.ts';

const vertex = (name: string) => name as VertexId; // any text is one here
const RUN: RunOperation = {
  kind: 'run',
  below: vertex('below'),
  image: undefined,
  words: ['sh', '-c', 'make'],
  environment: ['A=1'],
  workingDirectory: '/',
  user: '',
  network: 'default',
  insecure: false,
  mounts: [{ type: 'secret', id: 's', target: '/run/secrets/s', variable: undefined, required: false, mode: 0o400, uid: 0, gid: 0 }],
};
const CACHE = { type: 'cache', target: '/c', id: 'i', from: undefined, source: '/', sharing: 'shared', readOnly: false, mode: 0o755, uid: 0, gid: 0 } as const;

for (const [what, changed] of [
  ['its words', { words: ['sh', '-c', 'make all'] }],
  ['a variable', { environment: ['A=2'] }],
  ['the order of variables', { environment: ['A=1', 'B=1'] }],
  ['the working directory', { workingDirectory: '/w' }],
  ['the user', { user: 'app' }],
  ['the network', { network: 'none' }],
  ['its security', { insecure: true }],
  ['a mount', { mounts: [] }],
  ['a cache mount', { mounts: [...RUN.mounts, CACHE] }],
] as const)
  test(`the key of a RUN changes with ${what}`, () => {
    assert.notEqual(runKey({ ...RUN, ...changed }, 'chain', [], undefined), runKey(RUN, 'chain', [], undefined));
  });

test('the key of a RUN changes with the layers below, what is mounted and the moment of its times', () => {
  const keys = [runKey(RUN, 'chain', [], undefined), runKey(RUN, 'other', [], undefined), runKey(RUN, 'chain', ['x'], undefined), runKey(RUN, 'chain', [], 1)];
  assert.equal(new Set(keys).size, keys.length);
});

test('the key of a RUN does not change with how a plan names what is below, how a cache is shared, or whether a secret must be there', () => {
  const cached = (mount: object) => runKey({ ...RUN, mounts: [{ ...CACHE, ...mount }] }, 'chain', [], undefined);
  assert.equal(runKey({ ...RUN, below: vertex('elsewhere') }, 'chain', [], undefined), runKey(RUN, 'chain', [], undefined));
  assert.equal(cached({ sharing: 'locked' }), cached({}));
  assert.notEqual(cached({ id: 'j' }), cached({}));
  const [secret] = RUN.mounts;
  assert.ok(secret?.type === 'secret');
  assert.equal(runKey({ ...RUN, mounts: [{ ...secret, required: true }] }, 'chain', [], undefined), runKey(RUN, 'chain', [], undefined));
});

const COPY: CopyOperation = {
  kind: 'copy',
  instruction: 'COPY',
  below: vertex('below'),
  upon: vertex('below'),
  sources: [{ kind: 'path', from: 'context', path: 'a', unpack: false }],
  target: '/t',
  intoFolder: false,
  chown: '',
  mode: undefined,
  parents: false,
  excludes: [],
  line: 1,
};

for (const [what, changed] of [
  ['the target', { target: '/u' }],
  ['whether a folder is meant', { intoFolder: true }],
  ['the owner', { chown: 'app' }],
  ['the mode', { mode: { octal: 0o644 } }],
  ['whether parents are kept', { parents: true }],
] as const)
  test(`the key of a COPY changes with ${what}`, () => {
    assert.notEqual(copyKey({ ...COPY, ...changed }, 'chain', 'content', undefined), copyKey(COPY, 'chain', 'content', undefined));
  });

test('the key of a COPY changes with content and layers below; with --link not with these', () => {
  assert.notEqual(copyKey(COPY, 'chain', 'other', undefined), copyKey(COPY, 'chain', 'content', undefined));
  assert.notEqual(copyKey(COPY, 'other', 'content', undefined), copyKey(COPY, 'chain', 'content', undefined));
  const alone = { ...COPY, below: undefined };
  assert.equal(copyKey(alone, 'other', 'content', undefined), copyKey(alone, 'chain', 'content', undefined));
  assert.equal(copyKey({ ...COPY, line: 9 }, 'chain', 'content', undefined), copyKey(COPY, 'chain', 'content', undefined));
});

test('the quick key changes with whatever says which files are meant', () => {
  const quick = (changed: Partial<CopyOperation>, from = 'layers') => quickCopyKey({ ...COPY, ...changed }, 'chain', [from], undefined);
  const [source] = COPY.sources;
  assert.ok(source?.kind === 'path');
  assert.notEqual(quick({}, 'others'), quick({}));
  assert.notEqual(quick({ sources: [{ ...source, path: 'b' }] }), quick({}));
  assert.notEqual(quick({ excludes: ['*.md'] }), quick({}));
  assert.equal(quick({ line: 9, upon: vertex('elsewhere') }), quick({}));
});

test('what was made when COPY, ADD and WORKDIR meant something else is not answered', () => {
  const { below: _below, upon: _upon, line: _line, ...facts } = COPY;
  const { instruction, target, intoFolder, chown, mode, parents } = facts;
  const copied = keyOf(['copy', instruction, 'chain', target, intoFolder, chown, mode, parents, 1, [], 'content', undefined]);
  assert.notEqual(copyKey(COPY, 'chain', 'content', undefined), copied);
  const sources = facts.sources.map((source) => ({ ...source, from: '' }));
  assert.notEqual(quickCopyKey(COPY, 'chain', ['layers'], undefined), keyOf(['quick', { ...facts, sources }, 'chain', ['layers'], undefined]));
  const path = '/w';
  assert.notEqual(workdirKey({ kind: 'workdir', below: COPY.upon, path, user: '' }, 'chain', undefined), keyOf(['workdir', 'chain', path, undefined]));
});
