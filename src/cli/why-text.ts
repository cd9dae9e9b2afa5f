import { UsageError } from './errors.ts';
import { say, type Terminal } from './terminal.ts';

type Finding = import('#daemon').WhyFinding;
export interface Explained {
  readonly findings: readonly Finding[];
  readonly facts: object;
}

export const FORM_OPTION = { output: { type: 'string', short: 'o' } } as const;

/** Prints an explanation; answers the exit status. Errors: `USAGE` for a form that there is not. */
export function tellWhy({ findings, facts }: Explained, form: string | undefined, terminal: Terminal): number {
  if (form !== undefined && form !== 'json') throw new UsageError(`Cannot print reasons as "${form}": the only form is json`);
  if (form === 'json') say(terminal, JSON.stringify({ findings, facts }, null, 2));
  else say(terminal, whyText(findings));
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

/** A line a step, with what to do below it; further lines of a detail are indented. Pure. */
export function whyText(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ step }) => step.length));
  const indent = ' '.repeat(width + 8);
  return findings
    .flatMap(({ step, ok, detail, advice }) => [
      `${ok ? 'ok  ' : 'STOP'}  ${step.padEnd(width)}  ${detail.replaceAll('\n', `\n${indent}`)}`,
      ...(advice === undefined ? [] : [`${indent}→ ${advice}`]),
    ])
    .join('\n');
}
