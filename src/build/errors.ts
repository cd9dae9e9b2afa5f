import { GantryError } from '#kit';

/** The Dockerfile cannot be understood; names the line. */
export class DockerfileError extends GantryError {
  readonly line: number;
  /** What is wrong, without the line. */
  readonly problem: string;
  constructor(line: number, problem: string) {
    super('DOCKERFILE_INVALID', 400, `dockerfile parse error on line ${line}: ${problem}`);
    this.line = line;
    this.problem = problem;
  }
}

/** A step of the build failed; the message is what Docker's clients show. */
export class BuildStepError extends GantryError {
  readonly exitCode: number | undefined;
  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super('BUILD_STEP_FAILED', 500, message, options);
    this.exitCode = options.exitCode;
  }
}

/** The request or its context cannot be used. */
export function contextInvalid(problem: string, cause?: unknown): GantryError {
  return new GantryError('BUILD_CONTEXT_INVALID', 400, problem, { cause });
}

export function buildCancelled(): GantryError {
  return new GantryError('BUILD_CANCELLED', 499, 'The build was cancelled because its client went away or the daemon is stopping');
}
