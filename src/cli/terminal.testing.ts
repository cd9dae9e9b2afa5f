import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Terminal } from './terminal.ts';

/** A terminal for tests: what was written is kept, keys and signals are the test's. */
export interface TestTerminal extends Terminal {
  readonly stdin: PassThrough & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown };
  readonly stdout: PassThrough & { isTTY?: boolean; columns?: number; rows?: number };
  /** Each change of raw mode. */
  readonly raw: boolean[];
  out(): string;
  err(): string;
}

export function testTerminal(options: { readonly tty?: boolean; readonly environment?: NodeJS.ProcessEnv; readonly input?: string } = {}): TestTerminal {
  const raw: boolean[] = [];
  const tty = options.tty ? { isTTY: true } : {};
  const stdin = Object.assign(new PassThrough(), tty, { setRawMode: (on: boolean) => void raw.push(on) });
  const stdout = Object.assign(new PassThrough(), options.tty ? { ...tty, columns: 100, rows: 30 } : {});
  const stderr = new PassThrough();
  const texts = { out: '', err: '' };
  stdout.setEncoding('utf8').on('data', (text: string) => void (texts.out += text));
  stderr.setEncoding('utf8').on('data', (text: string) => void (texts.err += text));
  if (options.input !== undefined) stdin.end(options.input);
  return {
    stdin,
    stdout,
    stderr,
    environment: options.environment ?? {},
    signals: new EventEmitter(),
    raw,
    out: () => texts.out,
    err: () => texts.err,
  };
}
