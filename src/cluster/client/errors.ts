import { StatusError } from '#cluster/api';
import { GantryError } from '#kit';

/** 503: the API server could not be reached or broke off. */
export class ApiUnreachableError extends GantryError {
  constructor(server: string, what: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super('API_UNREACHABLE', 503, `Cannot ${what} at ${server}: ${why}. Check that the API server runs and that the kubeconfig names it`, { cause });
  }
}

/** 400: a kubeconfig that can't be used. */
export class KubeconfigError extends GantryError {
  constructor(origin: string, why: string, cause?: unknown) {
    super('KUBECONFIG', 400, `Cannot use the kubeconfig ${origin}: ${why}`, cause === undefined ? undefined : { cause });
  }
}

/** 500: the API server answered something else than was asked for. */
export class UnexpectedAnswerError extends GantryError {
  constructor(what: string, got: string) {
    super('UNEXPECTED_ANSWER', 500, `Cannot use the API server's answer to ${what}: it is ${got}`);
  }
}

/** 503: an informer was stopped before its first list came. */
export class InformerStoppedError extends GantryError {
  constructor(resource: string) {
    super('INFORMER_STOPPED', 503, `Cannot wait for the list of ${resource}: the informer was stopped before it came`);
  }
}

/** Whether a thrown value is a `StatusError` of that reason (`NotFound`, `Conflict`, `AlreadyExists`, …). */
export function isStatus(thrown: unknown, ...reasons: readonly string[]): thrown is StatusError {
  return thrown instanceof StatusError && reasons.includes(thrown.code);
}
