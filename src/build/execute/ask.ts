import { messageOf } from '#kit';
import { BuildStepError } from '../errors.ts';
import type { BuildSession } from '../session.ts';

/** Asks a server, following where it sends. Errors: `BUILD_STEP_FAILED`, beginning with `failed`, when none answers. */
export async function ask(session: BuildSession, url: string, failed: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  try {
    return await fetch(url, { signal: session.signal, headers: { ...headers } });
  } catch (error) {
    if (session.signal.aborted) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new BuildStepError(`${failed}: no answer from ${url}: ${messageOf(cause)}`, { cause: error });
  }
}
