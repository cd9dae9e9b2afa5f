import type { ImageRunConfig } from '#image';
import type { Dockerfile, Instruction } from '../dockerfile/parse.ts';

export type From = Extract<Instruction, { kind: 'FROM' }>;
export type Arg = Extract<Instruction, { kind: 'ARG' }>;

/** What of a base image matters to the rules. */
export interface BaseFacts extends Pick<ImageRunConfig, 'Env' | 'Shell'> {
  /** `linux/amd64`, where it is told. */
  readonly platform?: string;
}

/** What a Dockerfile stands in, as far as it is known. */
export interface Surroundings {
  /** The patterns of `.dockerignore`; undefined when there is none. */
  readonly ignored?: readonly string[];
  /** The stage that is built; every stage is checked when left out. */
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string | null>>;
  /** Configurations of base images that are here, by the name in FROM. */
  readonly bases?: ReadonlyMap<string, BaseFacts>;
  /** Of the machine that builds: `linux/amd64`. */
  readonly platform: string;
}

export interface Stage {
  readonly index: number;
  readonly from: From;
  readonly instructions: readonly Instruction[];
}

/** What the rules look at. */
export interface Subject extends Surroundings {
  readonly file: Dockerfile;
  readonly globals: readonly Arg[];
  readonly stages: readonly Stage[];
}

/** Divides a file in what stands before the first FROM and the stages. */
export function subjectOf(file: Dockerfile, surroundings: Surroundings): Subject {
  const globals: Arg[] = [];
  const stages: { index: number; from: From; instructions: Instruction[] }[] = [];
  for (const instruction of file.instructions) {
    if (instruction.kind === 'FROM') stages.push({ index: stages.length, from: instruction, instructions: [] });
    else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction);
    else if (instruction.kind === 'ARG') globals.push(instruction);
  }
  return { ...surroundings, file, globals, stages };
}

/** The instructions of these kinds. */
type OfKind<K> = Matching<Instruction, K>;
type Matching<I, K> = I extends { readonly kind: infer Kind } ? (Extract<K, Kind> extends never ? never : I) : never;

/** Whether an instruction is of one of the kinds. */
function isKind<K extends Instruction['kind']>(instruction: Instruction, ...kinds: readonly K[]): instruction is OfKind<K> & Instruction {
  const wanted: readonly string[] = kinds;
  return wanted.includes(instruction.kind);
}

/** The instructions of all stages that are of one of the kinds. */
export function allOf<K extends Instruction['kind']>({ stages }: Subject, ...kinds: readonly K[]): readonly (OfKind<K> & Instruction)[] {
  return stages.flatMap((stage) => stage.instructions.filter((one) => isKind(one, ...kinds)));
}
