import { spawn } from 'node:child_process';
import { isSystemError } from '#kit';
import { runtimeFailed } from './errors.ts';

export const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };
const SAID_MAX = 64 * 1024;

/** Runs one of the system's programs and answers what it wrote. Errors: `RUNTIME_FAILED` with its last words. */
export function runProgram(program: string, args: readonly string[], output_max = 16 * 1024 * 1024): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: ENVIRONMENT });
    let [output, said] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < output_max) output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < SAID_MAX) said += text;
    });
    child.once('error', (error) =>
      reject(isSystemError(error, 'ENOENT') ? runtimeFailed(`run ${program}`, 'it is not installed; run "gantry doctor --fix"') : error),
    );
    child.once('close', (code) => (code === 0 ? resolve(output) : reject(runtimeFailed(`run ${program}`, said.trim() || `it ended with ${code}`))));
  });
}
