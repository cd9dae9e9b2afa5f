import type { Dockerfile, Instruction } from '../dockerfile/parse.ts';
import { DockerfileSyntaxError, inInstruction } from '../dockerfile/syntax-error.ts';
import { DockerfileError, contextInvalid } from '../errors.ts';

export interface Stage {
  readonly index: number;
  readonly from: Extract<Instruction, { kind: 'FROM' }>;
  /** `from.image`, expanded. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}
export interface Stages {
  /** ARG instructions before the first FROM. */
  readonly globals: readonly Extract<Instruction, { kind: 'ARG' }>[];
  readonly all: readonly Stage[];
  readonly target: Stage;
}

/** Splits a Dockerfile in stages and finds the target. Pure. Errors: `BUILD_CONTEXT_INVALID`, `DockerfileError`. */
export function splitStages(file: Dockerfile, target: string | undefined, expandFrom: (text: string, line: number) => string): Stages {
  const globals: Extract<Instruction, { kind: 'ARG' }>[] = [];
  const all: { index: number; from: Stage['from']; base: string; instructions: Instruction[] }[] = [];
  for (const instruction of file.instructions) {
    if (instruction.kind === 'FROM') all.push({ index: all.length, from: instruction, base: baseName(instruction, expandFrom), instructions: [] });
    else if (all.length > 0) all.at(-1)?.instructions.push(instruction);
    else if (instruction.kind === 'ARG') globals.push(instruction);
  }
  const wanted = target === undefined || target === '' ? all.at(-1) : findStage(all, target.toLowerCase());
  if (!wanted) throw contextInvalid(`target stage "${target}" could not be found (stages: ${all.map((stage) => stage.from.stage ?? stage.index).join(', ')})`);
  return { globals, all, target: wanted };
}

/** A stage by name, or by number where numbers are allowed. The latest of that name wins. */
export function findStage<S extends Stage>(stages: readonly S[], name: string, { byNumber = true } = {}): S | undefined {
  return (
    stages.findLast((stage) => stage.from.stage === name) ?? (byNumber && /^\d+$/.test(name) ? stages.find((stage) => stage.index === Number(name)) : undefined)
  );
}

/** The stage that a FROM stands on, if it is one. */
export function baseStage(stages: readonly Stage[], stage: Stage): Stage | undefined {
  return findStage(stages.slice(0, stage.index), stage.base.toLowerCase(), { byNumber: false });
}

/** What a `from` names: an earlier stage, or else an image. A name of this stage or of a later one is a mistake, as in the reference. Errors: `DockerfileError`. */
export function sourceStage(stages: readonly Stage[], stage: Stage, from: string, line: number): Stage | undefined {
  if (/^\d+$/.test(from) && Number(from) >= stage.index)
    throw new DockerfileError(line, `invalid from flag value ${from}: no such stage before this one; name one that stands above`);
  const earlier = findStage(stages.slice(0, stage.index), from.toLowerCase());
  const named = earlier ?? findStage(stages, from.toLowerCase(), { byNumber: false });
  if (named === stage) throw new DockerfileError(line, `circular dependency detected on stage: ${from}; name a stage that stands above, or an image`);
  if (named !== earlier) throw new DockerfileError(line, `cannot take files from stage "${from}", it needs to be defined before this one; move it above`);
  return earlier;
}

/** Whatever an instruction takes files from, besides the context. Pure. */
export function namedSources(instruction: Instruction): readonly { readonly from: string; readonly line: number }[] {
  const names =
    instruction.kind === 'COPY' || instruction.kind === 'ADD'
      ? [instruction.from]
      : instruction.kind === 'RUN'
        ? (instruction.mounts ?? []).map((mount) => ('from' in mount ? mount.from : undefined))
        : [];
  return names.flatMap((from) => (from === undefined ? [] : [{ from, line: instruction.line }]));
}

function baseName(from: Stage['from'], expandFrom: (text: string, line: number) => string): string {
  const base = inInstruction('FROM', () => expandFrom(from.image, from.line));
  if (base !== '') return base;
  throw new DockerfileSyntaxError({
    line: from.line,
    instruction: 'FROM',
    problem: `base name (${from.image}) should not be blank`,
    remedy: 'declare its variables by ARG NAME=default above the first FROM, or give them by --build-arg',
  });
}
