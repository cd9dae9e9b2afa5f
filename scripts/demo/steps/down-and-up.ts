import { StepError } from '../errors.ts';
import type { Stage } from '../stage.ts';
import { start } from './start.ts';

export async function downAndUp(stage: Stage): Promise<void> {
  await stage.docker('run -d --name running myregistry/myimage:1.0');
  await stage.kubectl('create deployment staying --image=myregistry/myimage:1.0');
  await stage.kubectl('rollout status deployment staying --timeout=20s');
  await stage.gantry('down', { shows: /nothing of the daemon is left/ });
  const left = await stage.run(['ip', '-o', 'link']);
  if (/ g[tnv][0-9a-z]{6,}/.test(left)) throw new StepError('links are left on the machine');
  await start(stage);
  await stage.docker('images', { shows: /myregistry\/myimage/ });
  await stage.docker('ps -a', { shows: /Exited.*running/ });
  await stage.kubectl('rollout status deployment staying --timeout=20s');
  await stage.kubectl('delete deployment staying');
  await stage.docker('rm -f running');
}
