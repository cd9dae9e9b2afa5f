import type { Dockerfile, Instruction } from './dockerfile/parse.ts';
import { DockerfileError, contextInvalid } from './errors.ts';

export interface Stage {
  readonly index: number;
  readonly from: Extract<Instruction, { kind: 'FROM' }>;
  /** `from.image`, expanded. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}
export interface BuildPlan {
  /** ARG instructions before the first FROM. */
  readonly globals: readonly Extract<Instruction, { kind: 'ARG' }>[];
  /** What the target needs, in the order of the file; the target is the last. */
  readonly stages: readonly Stage[];
}

/** Splits a Dockerfile in stages and keeps those that the target needs. Pure. */
export function planBuild(file: Dockerfile, target: string | undefined, expandFrom: (text: string, line: number) => string): BuildPlan {
  const globals: Extract<Instruction, { kind: 'ARG' }>[] = [];
  const stages: { index: number; from: Stage['from']; base: string; instructions: Instruction[] }[] = [];
  for (const instruction of file.instructions) {
    if (instruction.kind === 'FROM') stages.push({ index: stages.length, from: instruction, base: baseName(instruction, expandFrom), instructions: [] });
    else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction);
    else if (instruction.kind === 'ARG') globals.push(instruction);
  }
  const wanted = target === undefined || target === '' ? stages.at(-1) : findStage(stages, target.toLowerCase());
  if (!wanted)
    throw contextInvalid(`target stage "${target}" could not be found (stages: ${stages.map((stage) => stage.from.stage ?? stage.index).join(', ')})`);
  const needed = new Set<number>();
  const need = (stage: Stage): void => {
    if (needed.has(stage.index)) return;
    needed.add(stage.index);
    const earlier = stages.slice(0, stage.index);
    const base = findStage(earlier, stage.base.toLowerCase(), { byNumber: false });
    if (base) need(base);
    for (const instruction of stage.instructions) {
      if (instruction.kind !== 'COPY' || instruction.from === undefined) continue;
      if (/^\d+$/.test(instruction.from) && Number(instruction.from) >= stage.index)
        throw new DockerfileError(instruction.line, `invalid from flag value ${instruction.from}: no such stage before this one`);
      const source = findStage(earlier, instruction.from.toLowerCase());
      if (source) need(source);
    }
  };
  need(wanted);
  return { globals, stages: stages.filter((stage) => needed.has(stage.index)) };
}

/** A stage by name, or by number where numbers are allowed. The latest of that name wins. */
export function findStage<S extends Stage>(stages: readonly S[], name: string, { byNumber = true } = {}): S | undefined {
  return (
    stages.findLast((stage) => stage.from.stage === name) ?? (byNumber && /^\d+$/.test(name) ? stages.find((stage) => stage.index === Number(name)) : undefined)
  );
}

function baseName(from: Stage['from'], expandFrom: (text: string, line: number) => string): string {
  const base = expandFrom(from.image, from.line);
  if (base === '') throw new DockerfileError(from.line, `base name (${from.image}) should not be blank`);
  return base;
}
