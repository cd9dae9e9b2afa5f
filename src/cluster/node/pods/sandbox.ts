import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { V1Pod } from '#cluster/api';
import { randomWord } from '#kit';
import { hostnameOf, hostsFile, parseResolvConf, resolvConf } from '../process/host-files.ts';
import { setUpVolumes } from '../volumes/volumes.ts';
import { factsOf, podDir, type PodContext, type Sandbox } from './pod-context.ts';

/** Makes what a Pod's containers need: network, volumes, files. Again and again gives the same. Errors: `FailedMount`, the network's. */
export async function setUpSandbox(context: PodContext): Promise<Sandbox> {
  const wires = await connect(context);
  const dir = podDir(context);
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const [volumes, files] = await Promise.all([setUpPodVolumes(context, wires.address), writeFiles(context, wires.address)]);
  return { ...wires, volumes, files };
}

/** The volumes as the API has them now. */
export async function setUpPodVolumes(context: PodContext, address: string): Promise<ReadonlyMap<string, string>> {
  const { random } = context.agent;
  return await setUpVolumes({ podDir: podDir(context), facts: factsOf(context, address), sources: context.sources, fresh: () => randomWord(random, 10) });
}

async function connect({ agent, uid, pod }: PodContext): Promise<{ readonly address: string; readonly namespacePath?: string }> {
  if (pod.spec?.hostNetwork) return { address: agent.address };
  const { address, namespacePath } = await agent.network.add({ uid, namespace: pod.metadata.namespace ?? '', name: pod.metadata.name ?? '' });
  const ports = hostPorts(pod);
  if (ports.length > 0) await agent.network.publish(uid, ports);
  return { address, namespacePath };
}

type HostPort = { readonly hostPort: number; readonly hostAddress?: string; readonly containerPort: number; readonly protocol: 'TCP' | 'UDP' };

function hostPorts(pod: V1Pod): readonly HostPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...(pod.spec?.containers ?? []), ...sidecars]
    .flatMap(({ ports = [] }) => ports)
    .flatMap(({ hostPort, hostIP, containerPort, protocol }) =>
      hostPort === undefined || protocol === 'SCTP'
        ? []
        : [{ hostPort, ...(hostIP ? { hostAddress: hostIP } : {}), containerPort, protocol: protocol === 'UDP' ? ('UDP' as const) : ('TCP' as const) }],
    );
}

async function writeFiles(context: PodContext, address: string): Promise<Sandbox['files']> {
  const { agent, pod } = context;
  const { machineFiles = {}, network, nodeName } = agent;
  const files = { hosts: join(podDir(context), 'hosts'), resolvConf: join(podDir(context), 'resolv.conf') };
  const own = pod.spec?.hostNetwork ? await readFile(machineFiles.hosts ?? '/etc/hosts', 'utf8') : '';
  const machine = parseResolvConf(await readFile(machineFiles.resolvConf ?? '/etc/resolv.conf', 'utf8').catch(() => ''));
  await Promise.all([
    writeFile(files.hosts, hostsFile(pod, address, hostnameOf(pod, nodeName), network.dns.clusterDomain, own), { mode: 0o644 }),
    writeFile(files.resolvConf, resolvConf(pod, network.dns, machine), { mode: 0o644 }),
  ]);
  return files;
}

/** Gives back what the Pod holds: its network, and with `wholly` its containers and files. Errors: those of the network and the runtime. */
export async function tearDownSandbox(context: PodContext, wholly: boolean): Promise<void> {
  const { agent, uid } = context;
  await agent.network.remove(uid);
  if (!wholly) return;
  const containers = (await agent.runtime.listContainers()).filter(({ podUid }) => podUid === uid);
  await Promise.all(containers.map(({ id }) => agent.runtime.removeContainer(id)));
  await rm(podDir(context), { recursive: true, force: true });
}
