import { DockerfileError } from '../errors.ts';

/** A place in a Dockerfile; both are counted from 1. */
export interface Spot {
  readonly line: number;
  readonly column: number;
}
export interface Problem {
  /** Where the instruction begins: the line that Docker names. */
  readonly line: number;
  /** The very place of the mistake, which may be on a later line. */
  readonly spot?: Spot;
  /** The instruction that it stands in. */
  readonly instruction?: string;
  /** What is wrong: Docker's own words where tools match on them. */
  readonly problem: string;
  /** What to write instead. */
  readonly remedy?: string;
}

/** A Dockerfile that does not read: where, in which instruction, what is wrong and what to write instead. */
export class DockerfileSyntaxError extends DockerfileError {
  readonly spot: Spot | undefined;
  readonly instruction: string | undefined;
  override readonly problem: string;
  readonly remedy: string | undefined;

  constructor({ line, spot, instruction, problem, remedy }: Problem) {
    const where = [
      ...(instruction === undefined ? [] : [`in ${instruction}`]),
      ...(spot === undefined || spot.line === line ? [] : [`line ${spot.line}`]),
      ...(spot === undefined ? [] : [`column ${spot.column}`]),
    ];
    super(line, `${problem}${remedy === undefined ? '' : `: ${remedy}`}${where.length === 0 ? '' : ` (${where.join(', ')})`}`);
    this.spot = spot;
    this.instruction = instruction;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** Does what is done for one instruction: a mistake that names none gets its name. Errors: those of the task. */
export function inInstruction<T>(instruction: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    if (!(error instanceof DockerfileSyntaxError)) throw new DockerfileSyntaxError({ line: error.line, instruction, problem: error.problem });
    const { line, problem, remedy } = error;
    throw error.instruction !== undefined ? error : new DockerfileSyntaxError({ line, instruction, problem, ...(remedy === undefined ? {} : { remedy }) });
  }
}
