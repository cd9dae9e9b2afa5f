import { StepError } from '../errors.ts';
import type { Stage } from '../stage.ts';

export async function start(stage: Stage): Promise<void> {
  const { registry, api } = stage.ports;
  await stage.gantry(
    `up --detach --registry 127.0.0.1:${registry} --api 127.0.0.1:${api} --context gantry-demo --kubeconfig ${stage.folder}/kubeconfig --autoscaler-period 3s`,
  );
  const status = JSON.parse(await stage.gantry('status -o json', { quiet: true })) as { ready: boolean; parts: Record<string, { state: string }> };
  if (!status.ready) throw new StepError(`not everything is ready: ${JSON.stringify(status.parts)}`);
  if (stage.clients.docker) await stage.docker('context ls', { shows: /gantry-demo/ });
  if (stage.clients.docker) await stage.docker('version', { shows: /Server: Gantry/ });
  await stage.kubectl('get nodes', { shows: / Ready / });
}
