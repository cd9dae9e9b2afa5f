import type { ContainerRecord } from '../container.ts';
import { type StartError, startFailed } from '../errors.ts';

/** What conmon says on its sync pipe: a process id, an exit code or a refusal. */
export function parseSync(line: string): { readonly value: number; readonly message: string } | undefined {
  if (line.trim() === '') return undefined;
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== 'object' || parsed === null || !('data' in parsed)) return undefined;
  const message = 'message' in parsed && typeof parsed.message === 'string' ? parsed.message : '';
  return { value: Number(parsed.data), message };
}

/** Words that clients know (docker takes its own exit status from them): 127 when the program is missing, 126 when it can't be run. */
export function explain(record: ContainerRecord, said: string): StartError {
  const reason = reasonOf(said);
  const program = record.process.path;
  if (/executable file|No such file or directory/i.test(reason) && reason.includes(program))
    return startFailed(record.name, 400, `exec: "${program}": executable file not found in $PATH: no such file or directory`, 127);
  if (/Permission denied|open executable: Operation not permitted/i.test(reason))
    return startFailed(record.name, 400, `exec: "${program}": permission denied`, 126);
  if (/Is a directory|Exec format error/i.test(reason)) return startFailed(record.name, 400, `exec: "${program}": ${reason.toLowerCase()}`, 126);
  return startFailed(record.name, 500, reason || 'the runtime gave no reason', 128);
}

/** The runtime's own line: without the time and the level that it begins with. */
export function reasonOf(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? '')
    .replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z: /, '')
    .replace(/^runtime stderr: /, '')
    .replace(/^(?:time="[^"]*" )?level=\w+ msg="(.*)"$/, (_line, words: string) => words.replaceAll('\\"', '"'))
    .trim();
}

/** `status` of what an OCI runtime's `state` command says, among warnings that it may write beside; undefined when it says none. */
export function stateWordOf(output: string): string | undefined {
  const object = /\{[\s\S]*\}/.exec(output)?.[0];
  return object === undefined ? undefined : /"status"\s*:\s*"(\w+)"/.exec(object)?.[1];
}
