import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Conversation } from './conversation.ts';
import { startTestDaemon, type TestDaemon } from './daemon.ts';
import { output, type Outcome, type RunOptions } from './run.ts';
import { patternOf, wordsOf } from './words.ts';

/** What is expected of a command: the words as `patternOf` reads them, or a pattern. */
type Expected = string | RegExp;
type Options = Pick<RunOptions, 'input' | 'environment'>;

/** kubectl in a namespace and a folder of its own. A line is split at blanks, but for what stands in single quotes. */
export interface Space {
  readonly namespace: string;
  readonly folder: string;
  /** As it ends, failing or not. */
  try(line: string, options?: Options): Promise<Outcome>;
  /** Succeeds, and its standard output is as expected; the answer is that output. */
  says(line: string, expected?: Expected, options?: Options): Promise<string>;
  /** Succeeds, and what it says on the error stream is as expected. */
  warns(line: string, expected: Expected, options?: Options): Promise<string>;
  /** Fails, and what it says on the error stream is as expected. */
  refuses(line: string, expected: Expected, options?: Options): Promise<void>;
  /** Standard output is one object. */
  object(line: string, options?: Options): Promise<Record<string, unknown>>;
  /** Creates them. */
  has(...items: readonly object[]): Promise<void>;
  /** Writes a file into the folder; an object becomes JSON. */
  file(name: string, content: string | object): Promise<string>;
  read(name: string): Promise<string>;
  /** Begins a command, its streams held. */
  start(line: string): Conversation;
  /** Any command in the folder and in the network of the control plane. */
  inside(command: readonly string[]): Promise<string>;
}

/** A control plane alone, with spaces to work in. */
export interface Plane extends AsyncDisposable {
  readonly daemon: TestDaemon;
  space(): Promise<Space>;
}

/** Starts one with as many namespaces, `s0` and on, as there will be spaces. */
export async function startPlane(spaces: number, options: readonly string[] = []): Promise<Plane> {
  const daemon = await startTestDaemon(['--parts', 'apiserver,controllers', ...options]);
  const items = Array.from({ length: spaces }, (_, index) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `s${index}` } }));
  await output(daemon.kubectl(['create', '-f', '-'], { input: listOf(items) }));
  let next = 0;
  return {
    daemon,
    async space() {
      assert.ok(next < spaces, `there are ${spaces} spaces only`);
      const namespace = `s${next++}`;
      const folder = join(daemon.folder, namespace);
      await mkdir(folder);
      return openSpace(daemon, namespace, folder);
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

function openSpace(daemon: TestDaemon, namespace: string, folder: string): Space {
  const attempt: Space['try'] = (line, options) => daemon.kubectl([`--namespace=${namespace}`, ...wordsOf(line)], { ...options, folder });
  const succeeds = async (line: string, options?: Options) => {
    const outcome = await attempt(line, options);
    assert.equal(outcome.status, 0, `kubectl ${line}\n${outcome.stderr}${outcome.stdout}`);
    return outcome;
  };
  const file: Space['file'] = async (name, content) => {
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
    return name;
  };
  const object = async (line: string, options?: Options) => JSON.parse((await succeeds(line, options)).stdout) as Record<string, unknown>;
  return {
    namespace,
    folder,
    try: attempt,
    async says(line, expected, options) {
      const { stdout } = await succeeds(line, options);
      if (expected !== undefined) matches(line, stdout, expected);
      return stdout;
    },
    async warns(line, expected, options) {
      const { stdout, stderr } = await succeeds(line, options);
      matches(line, stderr, expected);
      return stdout;
    },
    async refuses(line, expected, options) {
      const { status, stdout, stderr } = await attempt(line, options);
      assert.notEqual(status, 0, `kubectl ${line}\n${stdout}`);
      matches(line, stderr, expected);
    },
    object,
    async has(...items) {
      await succeeds('create -f -', { input: listOf(items) });
    },
    file,
    read: (name) => readFile(join(folder, name), 'utf8'),
    start: (line) => new Conversation(daemon.spawn(['kubectl', `--namespace=${namespace}`, ...wordsOf(line)])),
    inside: (command) => output(daemon.inside(command, { folder })),
  };
}

const listOf = (items: readonly object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

function matches(line: string, said: string, expected: Expected): void {
  const pattern = typeof expected === 'string' ? patternOf(expected) : expected;
  if (!pattern.test(said)) assert.fail(`kubectl ${line}\nsaid:\n${said}\nexpected:\n${expected}`);
}
