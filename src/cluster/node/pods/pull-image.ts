import type { V1Container } from '#cluster/api';
import { GantryError, messageOf } from '#kit';
import { goSeconds } from './container-status.ts';
import { type PodContext, tell } from './pod-context.ts';

const REASONS = ['ErrImagePull', 'ErrImageNeverPull', 'InvalidImageName'];

/** Makes the image be here, telling of it. Errors: a `GantryError` whose code is the reason that the status shows. */
export async function pullImage(
  context: PodContext,
  container: V1Container,
  signal: AbortSignal,
): Promise<{ readonly imageId: string; readonly user?: string }> {
  const { runtime, clock } = context.agent;
  const image = container.image ?? '';
  const began_ms = clock.monotonic();
  let asked = false;
  const onPull = () => {
    asked = true;
    tell(context, 'Normal', 'Pulling', `Pulling image "${image}"`, container);
  };
  try {
    const found = await runtime.ensureImage(image, policyOf(container), signal, onPull);
    const took = durationWords(clock.monotonic() - began_ms);
    tell(
      context,
      'Normal',
      'Pulled',
      asked ? `Successfully pulled image "${image}" in ${took} (${took} including waiting)` : `Container image "${image}" already present on machine`,
      container,
    );
    return found;
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = error instanceof GantryError && REASONS.includes(error.code) ? error.code : 'ErrImagePull';
    const words = messageOf(error);
    if (reason === 'ErrImagePull') tell(context, 'Warning', 'Failed', `Failed to pull image "${image}": ${words}`, container);
    tell(context, 'Warning', reason === 'ErrImagePull' ? 'Failed' : reason, reason === 'ErrImagePull' ? 'Error: ErrImagePull' : words, container);
    throw new GantryError(reason, 500, words, { cause: error });
  }
}

function policyOf({ imagePullPolicy }: V1Container): 'Always' | 'IfNotPresent' | 'Never' {
  return imagePullPolicy === 'Always' || imagePullPolicy === 'Never' ? imagePullPolicy : 'IfNotPresent';
}

function durationWords(duration_ms: number): string {
  if (duration_ms < 1000) return `${Math.round(duration_ms)}ms`;
  return duration_ms < 60_000 ? `${(duration_ms / 1000).toFixed(3)}s` : goSeconds(duration_ms);
}
