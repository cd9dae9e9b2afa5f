import { StepError } from '../errors.ts';
import type { Stage } from '../stage.ts';
import { start } from './start.ts';

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'staying' },
  spec: { containers: [{ name: 'main', image: 'myregistry/myimage:1.0' }] },
};

export async function downAndUp(stage: Stage): Promise<void> {
  await stage.docker('run -d --name running myregistry/myimage:1.0');
  await stage.kubectl('apply -f -', { input: JSON.stringify(POD) });
  await stage.until(['kubectl', 'get', 'pod', 'staying'], / 1\/1 /);
  await stage.gantry('down', { shows: /nothing of the daemon is left/ });
  const left = await stage.run(['ip', '-o', 'link']);
  if (/ g[tnv][0-9a-z]{6,}/.test(left)) throw new StepError('links are left on the machine');
  await start(stage);
  await stage.docker('images', { shows: /myregistry\/myimage/ });
  await stage.docker('ps -a', { shows: /Exited.*running/ });
  await stage.until(['kubectl', 'get', 'pod', 'staying'], / 1\/1 .* [1-9]/);
  await stage.kubectl('delete pod staying');
  await stage.docker('rm -f running');
}
