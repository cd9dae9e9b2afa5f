import { existsSync } from 'node:fs';
import { arch, cpus, hostname, release, totalmem } from 'node:os';
import type { DockerInfo } from '#docker';
import { ADDRESS_POOLS, type RuntimePrograms } from '#engine';
import { operatingSystem } from './machine.ts';
import type { PartOptions } from './types.ts';

/** What `docker info` and `docker version` tell of the daemon and its machine. */
export async function dockerInfo({ config, identity, linux, version }: PartOptions, programs: RuntimePrograms): Promise<DockerInfo> {
  const { settings } = config;
  const swapLimit = linux.cgroups.version === 2 || existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes');
  const { insecure, mirrors } = settings.registries;
  return {
    id: identity.id,
    version,
    dataDir: config.dataDir,
    name: hostname(),
    cgroupVersion: linux.cgroups.version === 2 ? '2' : '1',
    kernelVersion: release(),
    operatingSystem: await operatingSystem(),
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    cpus: cpus().length,
    memory_bytes: totalmem(),
    swapLimit,
    cgroupNamespaces: existsSync('/proc/self/ns/cgroup'),
    debug: config.logLevel === 'debug',
    runtimes: [{ name: 'crun', path: programs.crun, args: [] }, ...(programs.others ?? [])],
    defaultRuntime: programs.fallback ?? 'crun',
    labels: settings.labels,
    proxies: settings.proxies,
    registries: { insecure: insecure.filter((entry) => !entry.includes('/')), insecureNetworks: insecure.filter((entry) => entry.includes('/')), mirrors },
    seccompProfile: settings.seccompProfile ?? 'builtin',
    addressPools: settings.addressPools ?? ADDRESS_POOLS,
    warnings: [...settings.warnings.map((words) => `WARNING: ${words}`), ...(swapLimit ? [] : ['WARNING: No swap limit support'])],
  };
}
