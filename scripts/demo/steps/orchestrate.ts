import { join } from 'node:path';
import { StepError } from '../errors.ts';
import { startLoad } from '../load.ts';
import { printNote } from '../print.ts';
import { ROOT, type Stage } from '../stage.ts';
import { APP } from './build.ts';

const EXAMPLES = join(ROOT, 'examples');
const PODS_SEEN_WITHIN = 60;
const REQUESTS_LEAST = 1000;
const CLIENT = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'client' },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'busybox', command: ['sleep', '600'] }] },
};

export async function orchestrate(stage: Stage): Promise<void> {
  for (const name of ['deployment', 'service', 'autoscaler'])
    await stage.kubectl(`apply -f ${EXAMPLES}/${name}.yaml`, { shows: /myapp|myservice|myautoscaler/ });
  await stage.until(['kubectl', 'get', 'pods', '-o', 'wide'], (output) => output.match(/ 1\/1 /g)?.length === 3);
  await service(stage);
  await stage.part('a killed process, a deleted Pod, usage and forwarded ports', ['kubectl'], () => repair(stage));
  await scale(stage);
  await stage.part('a rolling update under load', ['docker', 'kubectl'], () => roll(stage));
  await stage.part('the autoscaler under load', ['docker', 'kubectl'], () => scaleByLoad(stage));
  await stage.kubectl('delete pod client');
  for (const name of ['deployment', 'service', 'autoscaler']) await stage.kubectl(`delete -f ${EXAMPLES}/${name}.yaml`);
}

async function service(stage: Stage): Promise<void> {
  await stage.kubectl('apply -f -', { input: JSON.stringify(CLIENT) });
  await stage.until(['kubectl', 'get', 'pod', 'client'], / 1\/1 /);
  await stage.kubectl('exec pod/client -- nslookup myservice.default.svc.cluster.local', { shows: /Address: 10\.43\./ });
  const ask = `for i in $(seq ${PODS_SEEN_WITHIN}); do wget -q -O - http://myservice/name; done | sort | uniq -c`;
  const names = await stage.run(['kubectl', 'exec', 'pod/client', '--', 'sh', '-c', ask]);
  if (names.split('\n').length !== 3) throw new StepError(`three Pods were to be seen within ${PODS_SEEN_WITHIN} requests`);
}

async function scale(stage: Stage): Promise<void> {
  await stage.kubectl('scale deployment/myapp --replicas 4');
  await stage.until(['kubectl', 'get', 'deployment', 'myapp'], / 4\/4 /);
  await stage.kubectl('scale deployment/myapp --replicas 3');
  await stage.until(['kubectl', 'get', 'deployment', 'myapp'], / 3\/3 /);
  await stage.kubectl('describe deployment myapp', { shows: /myapp/ });
}

async function repair(stage: Stage): Promise<void> {
  const [pod = ''] = (await stage.kubectl('get pods -l app=myapp -o name', { quiet: true })).split('\n');
  // In the background, since a command in the container ends with it.
  await stage.run(['kubectl', 'exec', pod, '--', 'sh', '-c', '(sleep 0.1; kill 1) >/dev/null 2>&1 &']);
  await stage.kubectl(`wait --for=jsonpath={.status.containerStatuses[0].restartCount}=1 ${pod} --timeout=20s`);
  await stage.kubectl(`wait --for=condition=Ready ${pod} --timeout=20s`);
  await stage.kubectl(`logs -p ${pod}`, { shows: /serving on port 80/ });
  await stage.kubectl(`delete ${pod}`);
  await stage.kubectl('rollout status deployment myapp --timeout=20s');
  await stage.until(['kubectl', 'top', 'pods'], /myapp-/);
  await stage.kubectl(`port-forward deployment/myapp ${stage.ports.published}:80`, { until: /Forwarding from/ });
}

/** A new image rolls out, and back, while every connection is answered. */
async function roll(stage: Stage): Promise<void> {
  await stage.kubectl(`apply -f ${EXAMPLES}/deployment-with-request.yaml`);
  await stage.kubectl('rollout status deployment myapp --timeout=30s');
  await stage.docker('build -q -t myregistry/myimage:2.0 --build-arg GREETING=good-day .', { folder: APP });
  const address = await stage.kubectl('get service myservice -o jsonpath={.spec.clusterIP}');
  const load = startLoad(`http://${address}/`, { workers: 4, signal: stage.signal });
  try {
    await stage.kubectl('set image deployment/myapp mycontainer=myregistry/myimage:2.0');
    await stage.kubectl('rollout status deployment myapp --timeout=30s');
    await stage.kubectl('rollout history deployment myapp');
    await stage.kubectl('rollout undo deployment myapp');
    await stage.kubectl('rollout status deployment myapp --timeout=30s');
    await load.reached(REQUESTS_LEAST);
  } finally {
    await load.stop();
  }
  const { answers, failures } = load.result();
  printNote(`${[...answers.values()].reduce((sum, count) => sum + count, 0)} requests on new connections meanwhile, ${failures.length} failed`);
  for (const [answer, count] of answers) printNote(`${count} × ${answer}`);
  if (failures.length > 0) throw new StepError(`${failures.length} requests failed during the rolling update, the first: ${failures[0]}`);
}

async function scaleByLoad(stage: Stage): Promise<void> {
  await stage.kubectl(`apply -f ${EXAMPLES}/autoscaler-quick.yaml`);
  const address = await stage.kubectl('get service myservice -o jsonpath={.spec.clusterIP}', { quiet: true });
  const load = startLoad(`http://${address}/cgi-bin/work`, { workers: 6, signal: stage.signal });
  const replicas = async (fits: (count: number) => boolean) =>
    await stage.until(['kubectl', 'get', 'hpa', 'myautoscaler'], (output) => fits(Number(output.split('\n')[1]?.trim().split(/ {2,}/).at(-2))), {
      seconds: 90,
    });
  try {
    await replicas((count) => count > 3 && count <= 10);
  } finally {
    await load.stop();
  }
  await replicas((count) => count === 3);
}
