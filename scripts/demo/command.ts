import { spawn } from 'node:child_process';
import { StepError } from './errors.ts';

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  /** Both outputs, as they came. */
  readonly text: string;
}
export interface CommandOptions {
  readonly input?: string | Uint8Array;
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: string;
  /** Its abort sends SIGINT, as a terminal does; the command's end is awaited. */
  readonly signal: AbortSignal;
  /** Called with each piece; answering true ends the command by SIGINT: enough was seen. */
  readonly onText?: (text: string) => boolean;
}

/** Runs a command to its end. */
export function runCommand([program = '', ...rest]: readonly string[], options: CommandOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: options.environment, cwd: options.folder });
    const interrupt = () => child.kill('SIGINT');
    options.signal.addEventListener('abort', interrupt);
    let [stdout, text] = ['', ''];
    const take = (piece: string) => {
      text += piece;
      if (options.onText?.(text)) interrupt();
    };
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      stdout += piece;
      take(piece);
    });
    child.stderr.setEncoding('utf8').on('data', take);
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') reject(new StepError(`${program} is not on this machine. Bring it with "apt-get install ${program}"`));
      else reject(error);
    });
    child.on('close', (code) => {
      options.signal.removeEventListener('abort', interrupt);
      resolve({ status: code ?? 1, stdout, text });
    });
    child.stdin.end(options.input);
  });
}
