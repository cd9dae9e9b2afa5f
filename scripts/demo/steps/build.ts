import { writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, type Stage } from '../stage.ts';
import { StepError } from '../errors.ts';

export const APP = join(ROOT, 'examples', 'app');

export async function build(stage: Stage): Promise<void> {
  const first = imageId(await stage.docker('build -t myimage .', { folder: APP, shows: /Successfully tagged myimage:latest/ }));
  const second = await stage.docker('build -t myimage .', { folder: APP, shows: /Using cache/ });
  if (imageId(second) !== first || second.includes('Running in')) throw new StepError('the second build was not answered from the cache');
  await wrongDockerfile(stage);
  if (stage.full) await missionImage(stage);
}

const imageId = (output: string) => /Successfully built ([0-9a-f]+)/.exec(output)?.[1];

async function wrongDockerfile(stage: Stage): Promise<void> {
  const folder = join(stage.folder, 'wrong');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'Dockerfile'), 'FROM busybox\nRUNN true\n');
  await stage.docker('build .', { folder, fails: true, shows: /line 2.*RUNN/i });
}

/** The image of the mission, word for word. */
async function missionImage(stage: Stage): Promise<void> {
  const folder = join(stage.folder, 'mission');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'Dockerfile'), 'FROM debian:bookworm\nRUN apt-get update && apt-get install -y curl\nCMD ["curl","https://example.com"]\n');
  await stage.docker('build -t mycurl .', { folder, shows: /Successfully tagged mycurl:latest/ });
  await stage.docker('run --rm mycurl curl --version', { shows: /curl \d/ });
}
