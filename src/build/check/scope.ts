import { expand, ExpansionError, expandWords } from '../dockerfile/expand.ts';
import type { Instruction } from '../dockerfile/parse.ts';
import { type Stage, type Subject } from './subject.ts';

/** Names with their values; undefined is declared without one. */
export type Scope = ReadonlyMap<string, string | undefined>;

/** Build arguments that need no ARG (reference, "Predefined ARGs"). */
export const PREDEFINED: readonly string[] = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]);

/** What FROM sees (reference, "Understand how ARG and FROM interact"). `given`: whether build arguments count, or the defaults alone. */
export function globalScope(subject: Subject, { given }: { given: boolean }): Scope {
  const scope = new Map<string, string | undefined>(platformArguments(subject));
  for (const { args } of subject.globals)
    for (const { name, value } of args) {
      const own = value === undefined ? undefined : valueOf(value, scope, subject);
      scope.set(name, (given ? subject.buildArgs?.[name] : undefined) ?? own ?? scope.get(name));
    }
  return scope;
}

/** What a stage has when an instruction of it is reached. */
export interface StageScope {
  readonly names: Scope;
  /** Everything that the base sets is known. */
  readonly complete: boolean;
  /** A SHELL was chosen, here or below. */
  readonly shell: boolean;
  /** A WORKDIR was set in this file. */
  readonly workdir: boolean;
}

/** Visits the instructions of every stage with what is in scope before each. */
export function walk(subject: Subject, visit: (instruction: Instruction, scope: StageScope, stage: Stage) => void): void {
  const globals = globalScope(subject, { given: true });
  const ends = new Map<Stage, StageScope>();
  for (const stage of subject.stages) {
    const base = valueOf(stage.from.image, globals, subject);
    const below = subject.stages.slice(0, stage.index).findLast(({ from }) => from.stage !== undefined && from.stage === base.toLowerCase());
    let scope = (below && ends.get(below)) ?? baseScope(subject, base);
    for (const instruction of stage.instructions) {
      visit(instruction, scope, stage);
      scope = after(instruction, scope, globals, subject);
    }
    ends.set(stage, scope);
  }
}

/** The words of a text with its variables replaced; none of what cannot be. */
export function wordsOf(text: string, scope: Scope, { file }: Subject): readonly string[] {
  try {
    return expandWords(text, (name) => scope.get(name), file.escape);
  } catch (error) {
    if (error instanceof ExpansionError) return [];
    throw error;
  }
}

/** A text with its variables replaced; what cannot be is left as it is. */
export function valueOf(text: string, scope: Scope, { file }: Subject): string {
  try {
    return expand(text, (name) => scope.get(name), file.escape);
  } catch (error) {
    if (error instanceof ExpansionError) return text;
    throw error;
  }
}

function baseScope({ bases }: Subject, base: string): StageScope {
  const config = base === 'scratch' ? {} : bases?.get(base);
  const names = new Map<string, string | undefined>([['PATH', undefined]]);
  for (const entry of config?.Env ?? []) names.set(entry.replace(/=.*$/s, ''), entry.replace(/^[^=]*=?/, ''));
  return { names, complete: config !== undefined, shell: (config?.Shell?.length ?? 0) > 0, workdir: false };
}

function after(instruction: Instruction, scope: StageScope, globals: Scope, subject: Subject): StageScope {
  switch (instruction.kind) {
    case 'ARG': {
      const names = new Map(scope.names);
      for (const { name, value } of instruction.args)
        names.set(name, subject.buildArgs?.[name] ?? (value === undefined ? globals.get(name) : valueOf(value, scope.names, subject)));
      return { ...scope, names };
    }
    case 'ENV': {
      const set = instruction.pairs.map(([name, value]) => [valueOf(name, scope.names, subject), valueOf(value, scope.names, subject)] as const);
      return { ...scope, names: new Map([...scope.names, ...set]) };
    }
    case 'SHELL':
      return { ...scope, shell: true };
    case 'WORKDIR':
      return { ...scope, workdir: true };
    default:
      return scope;
  }
}

function platformArguments({ platform, stages }: Subject): readonly (readonly [string, string])[] {
  const [os = '', architecture = '', variant = ''] = platform.split('/');
  const sides = ['BUILD', 'TARGET'].flatMap(
    (side) =>
      [
        [`${side}PLATFORM`, platform],
        [`${side}OS`, os],
        [`${side}OSVERSION`, ''],
        [`${side}ARCH`, architecture],
        [`${side}VARIANT`, variant],
      ] as const,
  );
  return [...sides, ['TARGETSTAGE', stages.at(-1)?.from.stage ?? 'default']];
}
