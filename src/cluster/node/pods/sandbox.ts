import type { V1Pod } from '#cluster/api';
import { hostnameOf, hostsFile, parseResolvConf, resolvConf } from '../process/host-files.ts';
import { setUpVolumes } from '../volumes/volumes.ts';
import { factsOf, type PodContext, type Sandbox } from './pod-context.ts';

/** Makes what a Pod's containers need: network, volumes, files. Again and again gives the same. Errors: `FailedMount`, the network's. */
export async function setUpSandbox(context: PodContext): Promise<Sandbox> {
  const wires = await connect(context);
  const [volumes, files] = await Promise.all([setUpPodVolumes(context, wires.address), writeFiles(context, wires.address)]);
  return { ...wires, volumes, files };
}

/** The volumes as the API has them now. */
export async function setUpPodVolumes(context: PodContext, address: string): Promise<ReadonlyMap<string, string>> {
  const { agent, uid, sources } = context;
  return await setUpVolumes({ podUid: uid, files: agent.machine.files, facts: factsOf(context, address), sources });
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

async function writeFiles({ agent, uid, pod }: PodContext, address: string): Promise<Sandbox['files']> {
  const { machine, network, nodeName } = agent;
  const own = await machine.files.readOwn();
  const hosts = hostsFile(pod, address, hostnameOf(pod, nodeName), network.dns.clusterDomain, pod.spec?.hostNetwork ? own.hosts : '');
  return await machine.files.writeHostFiles(uid, { hosts, resolvConf: resolvConf(pod, network.dns, parseResolvConf(own.resolvConf)) });
}

/** Gives back what the Pod holds: its network, and with `wholly` its containers and files. Errors: those of the network and the runtime. */
export async function tearDownSandbox(context: PodContext, wholly: boolean): Promise<void> {
  const { agent, uid } = context;
  await agent.network.remove(uid);
  if (!wholly) return;
  const containers = (await agent.runtime.listContainers()).filter(({ podUid }) => podUid === uid);
  await Promise.all(containers.map(({ id }) => agent.runtime.removeContainer(id)));
  await agent.machine.files.remove(uid);
}
