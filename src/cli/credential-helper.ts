import { spawn } from 'node:child_process';
import { messageOf } from '#kit';
import { CommandError } from './errors.ts';

/** What helpers call the user of an identity token. */
const TOKEN_USER = '<token>';
/** How they say that they know nothing of a registry. */
const UNKNOWN = /credentials not found/i;

type HelperLogin = { readonly username: string; readonly password: string } | { readonly identityToken: string };

/**
 * Asks the program `docker-credential-NAME` for the login at a registry, as docker-credential-helpers has it: `get`, the registry on standard
 * input, JSON on standard output; undefined where it knows none. Errors: `COMMAND_FAILED`.
 */
export async function askHelper(name: string, registry: string, environment: NodeJS.ProcessEnv): Promise<HelperLogin | undefined> {
  const { program, status, said } = await converse(name, 'get', registry, environment);
  if (status !== 0 && UNKNOWN.test(said)) return undefined;
  if (status !== 0) throw new CommandError(`Cannot get the login at ${registry}: ${program} says: ${said.trim()}`);
  const { Username, Secret } = answerOf(program, said);
  if (typeof Username !== 'string' || typeof Secret !== 'string') throw new CommandError(`Cannot get the login at ${registry}: ${program} gives none`);
  return Username === TOKEN_USER ? { identityToken: Secret } : { username: Username, password: Secret };
}

/** The registries of which the program knows a login (`list`). Errors: `COMMAND_FAILED`. */
export async function listOfHelper(name: string, environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const { program, status, said } = await converse(name, 'list', '', environment);
  if (status !== 0) throw new CommandError(`Cannot list the logins that ${program} keeps: it says: ${said.trim()}`);
  return Object.keys(answerOf(program, said));
}

function answerOf(program: string, said: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(said);
    // An object whose fields are looked at by who asked.
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    throw new CommandError(`Cannot read what ${program} says: it is no JSON`, 1, { cause: error });
  }
  throw new CommandError(`Cannot read what ${program} says: it is no object`);
}

interface Answer {
  readonly program: string;
  readonly status: number | null;
  readonly said: string;
}

async function converse(name: string, verb: string, input: string, environment: NodeJS.ProcessEnv): Promise<Answer> {
  const program = `docker-credential-${name}`;
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(program, [verb], { stdio: ['pipe', 'pipe', 'inherit'], env: environment });
      let said = '';
      child.once('error', reject);
      // One that answers without reading is fine.
      child.stdin.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? undefined : reject(error)));
      child.stdout.setEncoding('utf8').on('data', (piece: string) => (said += piece));
      child.once('close', (status) => resolve({ program, status, said }));
      child.stdin.end(input);
    });
  } catch (error) {
    throw new CommandError(`Cannot ask ${program}, which config.json names, for the login${input === '' ? 's' : ` at ${input}`}: ${messageOf(error)}`, 1, {
      cause: error,
    });
  }
}
