import { duplexPair, PassThrough } from 'node:stream';
import type { LogLine, ProcessStreams, TerminalSize } from '#kit';
import type { NodeConnection } from '../index.ts';

/** What a fake node was asked. */
export interface FakeNode extends NodeConnection {
  readonly commands: string[][];
  readonly sizes: TerminalSize[];
}

/** A node for tests: `cat` echoes, `exit N` ends so, ports answer with what they were sent in capitals. */
export function fakeNode(): FakeNode {
  const commands: string[][] = [];
  const sizes: TerminalSize[] = [];
  const line = (text: string, second: number): LogLine => ({
    time: `2026-01-02T15:04:0${second}.000000001Z`,
    stream: 'stdout',
    content: Buffer.from(text),
    partial: false,
  });
  return {
    commands,
    sizes,
    async exec(_pod, { command, stdin }) {
      commands.push([...command]);
      return processOf(command, stdin, sizes);
    },
    async attach(_pod, { stdin }) {
      return processOf(['cat'], stdin, sizes);
    },
    async logs(pod, query) {
      if (query.previous) throw new Error(`previous terminated container "${pod.container}" in pod "${pod.name}" not found`);
      const lines = [line('one\n', 1), line('two\n', 2), line('three\n', 3)];
      return (async function* () {
        yield* lines.slice(query.tail === undefined ? 0 : -query.tail);
      })();
    },
    async portForward(_pod, port) {
      if (port === 81) throw new Error('connection refused');
      const [ours, theirs] = duplexPair();
      ours.on('data', (bytes: Buffer) => ours.write(bytes.toString().toUpperCase()));
      ours.on('end', () => ours.end());
      return theirs;
    },
    async stats() {
      const containers = [{ name: 'main', cpu_nanocores: 250_000_000, memory_bytes: 64 << 20 }];
      return {
        timestamp_ms: Date.parse('2026-01-02T15:04:05Z'),
        window_ms: 1000,
        node: { cpu_nanocores: 500_000_000, memory_bytes: 1 << 30 },
        pods: [{ namespace: 'default', name: 'web', containers }],
      };
    },
  };
}

function processOf(command: readonly string[], stdin: boolean, sizes: TerminalSize[]): ProcessStreams {
  const input = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const exited = Promise.withResolvers<number>();
  if (command[0] === 'cat') {
    input.pipe(stdout);
    input.on('end', () => {
      stderr.end();
      exited.resolve(0);
    });
  } else {
    stdout.end('out\n');
    stderr.end('err\n');
    exited.resolve(command[0] === 'exit' ? Number(command[1]) : 0);
  }
  return {
    ...(stdin ? { stdin: input } : {}),
    stdout,
    stderr,
    async resize(size) {
      sizes.push(size);
    },
    exited: exited.promise,
    detach: () => exited.resolve(0),
  };
}
