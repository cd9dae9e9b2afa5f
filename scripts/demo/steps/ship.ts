import { StepError } from '../errors.ts';
import type { Stage } from '../stage.ts';

const NAME = 'myregistry/myimage:1.0';

export async function ship(stage: Stage): Promise<void> {
  await stage.docker(`tag myimage ${NAME}`);
  const pushed = digestOf(await stage.docker(`push ${NAME}`, { shows: /digest: sha256:/ }));
  await stage.docker(`rmi ${NAME}`, { shows: /Untagged/ });
  const pulled = digestOf(await stage.docker(`pull ${NAME}`, { shows: /Digest: sha256:/ }));
  if (pushed !== pulled) throw new StepError(`pushed ${pushed} and pulled ${pulled}`);
}

const digestOf = (output: string) => /[Dd]igest: (sha256:[0-9a-f]{64})/.exec(output)?.[1];
