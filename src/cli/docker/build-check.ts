import { CommandError, UsageError } from '../errors.ts';
import { write } from '../interact.ts';
import type { Terminal } from '../terminal.ts';
import type { DockerfileSource } from './build-source.ts';
import { type DockerClient, DockerError } from './client.ts';

/** One thing that the checker found. Lines and columns count from 1. */
export interface Finding {
  readonly rule: string;
  readonly description: string;
  readonly url: string;
  readonly line: number;
  readonly column: number;
  readonly end: number;
  readonly message: string;
  readonly remedy: string;
}
/** The answer of `POST /build/check`. */
export interface CheckAnswer {
  readonly Findings: readonly Finding[];
  readonly FailsBuild: boolean;
  readonly Mistake?: { readonly Message: string; readonly Line: number; readonly Column: number };
}

/** What other daemons answer to a path that they don't know. */
const NO_SUCH_PATH: readonly number[] = [404, 405, 501];
/** The exit status of a command that asks for what is not there. */
const NO_CHECKER = 125;
const RULER = '-'.repeat(20);
/** Lines shown before and after those that are meant. */
const AROUND = 2;

/** Values of `--build-arg`; null leaves one to the Dockerfile. */
export type BuildArguments = Readonly<Record<string, string | null>>;
/** What of a build's options the checker is told. */
export interface CheckOptions {
  readonly buildArgs: BuildArguments;
  readonly target: string | undefined;
}

/** `--check`: exit status 1 when something was found, as docker has it. Errors: `USAGE` without a Dockerfile to read. */
export async function checkOnly(
  client: DockerClient,
  source: DockerfileSource | undefined,
  format: string | undefined,
  { terminal, ...options }: CheckOptions & { readonly terminal: Terminal },
): Promise<number> {
  if (source === undefined) throw new UsageError('Cannot check an archive or a remote context: name the folder, or send the Dockerfile alone');
  const answer = await askForCheck(client, source, options);
  await write(terminal.stdout, format === 'json' ? checkJson(source, answer) : checkReport(source, answer));
  return answer.Findings.length > 0 || answer.Mistake !== undefined ? 1 : 0;
}

/** Before a build: refuses it where the file asks that findings fail it, and there are some. Errors: `COMMAND_FAILED`. */
export async function checkBeforehand(client: DockerClient, source: DockerfileSource, options: CheckOptions): Promise<void> {
  // The daemon reads what the line says; where there is none, nobody needs to ask.
  if (!/^#\s*check\s*=/im.test(source.text)) return;
  const answer = await askForCheckMaybe(client, source, options);
  if (answer !== undefined) refuseFindings(answer);
}

/** After a build, when its base images are here and what they set is known: what was found, as text; empty for nothing. */
export async function checkAfterwards(client: DockerClient, source: DockerfileSource, options: CheckOptions): Promise<string> {
  const answer = await askForCheckMaybe(client, source, options);
  return answer === undefined ? '' : findingList(answer);
}

/** Asks the daemon what it finds. Errors: `DOCKER`, `COMMAND_FAILED` where it has no checker. */
async function askForCheck(client: DockerClient, { text, ignore }: DockerfileSource, { buildArgs, target }: CheckOptions): Promise<CheckAnswer> {
  const body = { Dockerfile: text, Dockerignore: ignore ?? null, BuildArgs: buildArgs, Target: target ?? '' };
  try {
    return await client.json<CheckAnswer>({ method: 'POST', path: '/build/check', body });
  } catch (error) {
    if (error instanceof DockerError && NO_SUCH_PATH.includes(error.status))
      throw new CommandError('Cannot check the Dockerfile: the daemon has no checker, so it is another one than Gantry. See --docker-socket', NO_CHECKER, {
        cause: error,
      });
    throw error;
  }
}

/** As `askForCheck`; undefined where the daemon has no checker. */
async function askForCheckMaybe(...asked: Parameters<typeof askForCheck>): Promise<CheckAnswer | undefined> {
  try {
    return await askForCheck(...asked);
  } catch (error) {
    if (error instanceof CommandError && error.exitStatus === NO_CHECKER) return undefined;
    // A .dockerignore that does not read is the build's to refuse.
    if (error instanceof DockerError && error.status === 400) return undefined;
    throw error;
  }
}

/** The whole answer, as `docker build --check` prints it. */
function checkReport({ name, text }: DockerfileSource, { Findings: findings, Mistake: mistake }: CheckAnswer): string {
  const count =
    findings.length === 0 ? 'no warnings found.' : findings.length === 1 ? '1 warning has been found!' : `${findings.length} warnings have been found!`;
  const parts = mistake !== undefined && findings.length === 0 ? [] : [`Check complete, ${count}\n`];
  for (const finding of findings) {
    const { rule, url, message, remedy, line, column, end } = finding;
    parts.push(`\nWARNING: ${rule}${url === '' ? '' : ` - ${url}`}\n${message}\n  ${remedy}\n${name}:${line}:${column}\n${excerpt(text, line, end)}`);
  }
  if (mistake !== undefined)
    parts.push(
      `${parts.length > 0 ? '\n' : ''}ERROR: ${mistake.Message}\n${name}:${mistake.Line}:${mistake.Column}\n${excerpt(text, mistake.Line, mistake.Line)}`,
    );
  return parts.join('');
}

/** The answer in the shape that `docker build --call=check,format=json` has. */
function checkJson({ name, text }: DockerfileSource, { Findings: findings, Mistake: mistake }: CheckAnswer): string {
  // Its columns count from 0.
  const range = (line: number, column: number, end: number) => [{ start: { line, character: column - 1 }, end: { line: end, character: 0 } }];
  const result = {
    warnings: findings.map(({ rule, description, url, message, remedy, line, column, end }) => ({
      ruleName: rule,
      description,
      ...(url === '' ? {} : { url }),
      detail: message,
      remedy,
      location: { ranges: range(line, column, end) },
    })),
    sources: [{ filename: name, language: 'Dockerfile', data: Buffer.from(text).toString('base64') }],
    ...(mistake === undefined ? {} : { buildError: { message: mistake.Message, location: { ranges: range(mistake.Line, mistake.Column, mistake.Line) } } }),
  };
  return `${JSON.stringify(result, undefined, 2)}\n`;
}

/** Findings as they stand at the end of a build. */
function findingList({ Findings: findings }: CheckAnswer): string {
  if (findings.length === 0) return '';
  const head = `\n${findings.length === 1 ? '1 warning' : `${findings.length} warnings`} found (gantry build --check tells what to write instead):\n`;
  return head + findings.map(({ rule, message, line, column }) => ` - ${rule}: ${message} (line ${line}, column ${column})\n`).join('');
}

/** Fails where the file asks that findings fail its build. Errors: `COMMAND_FAILED`. */
function refuseFindings(answer: CheckAnswer): void {
  // A file that does not read is the build's to refuse.
  if (!answer.FailsBuild || answer.Findings.length === 0 || answer.Mistake !== undefined) return;
  const rules = [...new Set(answer.Findings.map(({ rule }) => rule))].join(', ');
  throw new CommandError(
    `lint violation found for rules: ${rules}. The Dockerfile asks by "# check=error=true" that these fail its build${findingList(answer).trimEnd()}`,
  );
}

function excerpt(text: string, first: number, last: number): string {
  const lines = text.replace(/\n$/, '').split(/\r?\n/);
  const [from, to] = [Math.max(1, first - AROUND), Math.min(lines.length, last + AROUND)];
  const shown = lines.slice(from - 1, to).map((line, index) => {
    const number = from + index;
    return `${String(number).padStart(4)} | ${number >= first && number <= last ? '>>>' : '   '} ${line}`.trimEnd();
  });
  return `${[RULER, ...shown, RULER].join('\n')}\n`;
}
