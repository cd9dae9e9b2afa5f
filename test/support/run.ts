import { spawn } from 'node:child_process';

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly environment?: NodeJS.ProcessEnv;
  readonly folder?: string;
  readonly timeout_ms?: number;
}

/** Runs a command to its end; a failing one is an outcome, not an exception. */
export function run(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program, ...rest] = command as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: options.environment ?? process.env,
      timeout: options.timeout_ms ?? 60_000,
      ...(options.folder === undefined ? {} : { cwd: options.folder }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const stderr = Buffer.concat(err).toString() + (signal === null ? '' : `\nended by ${signal}`);
      resolve({ status: code ?? 1, stdout: Buffer.concat(out).toString(), stderr });
    });
    child.stdin.end(options.input);
  });
}

/** Standard output of a command that must succeed. */
export async function output(outcome: Promise<Outcome>): Promise<string> {
  const { status, stdout, stderr } = await outcome;
  if (status !== 0) throw new Error(`exit status ${status}: ${stderr}${stdout}`);
  return stdout;
}
