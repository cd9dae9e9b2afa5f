/** A step did not do what the walk-through says. */
export class StepError extends Error {
  override readonly name = 'StepError';
}
/** Ctrl-C, or SIGTERM. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
