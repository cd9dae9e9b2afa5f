import type { V1Pod } from '#cluster/api';

const HOSTS_HEAD = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`;
const NAME_LENGTH_MAX = 63;
const SEARCH_DOMAINS_MAX = 32;
const NAME_SERVERS_MAX = 3;

/** The machine's or the cluster's way of finding names, as a resolv.conf says it. */
export interface Resolver {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** The name that the Pod's processes see. Pure. */
export function hostnameOf(pod: V1Pod, nodeName: string): string {
  if (pod.spec?.hostNetwork) return nodeName;
  return (pod.spec?.hostname || (pod.metadata.name ?? '')).slice(0, NAME_LENGTH_MAX).replace(/[-.]+$/, '');
}

/** /etc/hosts of a Pod. `own` is the machine's, for Pods of the host's network. Pure. */
export function hostsFile(pod: V1Pod, address: string, hostname: string, clusterDomain: string, own: string): string {
  const { spec, metadata } = pod;
  const full = spec?.subdomain ? `${hostname}.${spec.subdomain}.${metadata.namespace}.svc.${clusterDomain}\t` : '';
  const base = spec?.hostNetwork ? `# Kubernetes-managed hosts file (host network).\n${own}` : `${HOSTS_HEAD}${address}\t${full}${hostname}\n`;
  const aliases = (spec?.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`);
  return aliases.length === 0 ? base : `${base}\n# Entries added by HostAliases.\n${aliases.join('')}`;
}

/** /etc/resolv.conf of a Pod, by its `dnsPolicy` and `dnsConfig`. Pure. */
export function resolvConf(pod: V1Pod, cluster: { readonly servers: readonly string[]; readonly clusterDomain: string }, machine: Resolver): string {
  const { dnsConfig = {} } = pod.spec ?? {};
  const base = baseOf(pod, cluster, machine);
  const options = new Map(base.options.map((option) => splitOption(option)));
  for (const { name, value } of dnsConfig.options ?? []) if (name) options.set(name, value);
  const servers = unique([...base.servers, ...(dnsConfig.nameservers ?? [])]).slice(0, NAME_SERVERS_MAX);
  const searches = unique([...base.searches, ...(dnsConfig.searches ?? [])]).slice(0, SEARCH_DOMAINS_MAX);
  const optionWords = [...options].map(([name, value]) => (value === undefined ? name : `${name}:${value}`));
  const lines = [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(optionWords.length > 0 ? [`options ${optionWords.join(' ')}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function baseOf(pod: V1Pod, cluster: { readonly servers: readonly string[]; readonly clusterDomain: string }, machine: Resolver): Resolver {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  const hostNetwork = pod.spec?.hostNetwork === true;
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  if (policy === 'Default' || (policy === 'ClusterFirst' && hostNetwork)) return reachable(machine, cluster.servers, hostNetwork);
  const zone = cluster.clusterDomain;
  return { servers: cluster.servers, searches: [`${pod.metadata.namespace}.svc.${zone}`, `svc.${zone}`, zone, ...machine.searches], options: ['ndots:5'] };
}

/** A server on the machine's own loopback is out of a Pod's reach: the cluster's, which asks it, stands in. */
function reachable(machine: Resolver, cluster: readonly string[], hostNetwork: boolean): Resolver {
  if (hostNetwork) return machine;
  const servers = machine.servers.filter((server) => !server.startsWith('127.') && server !== '::1');
  return { ...machine, servers: servers.length > 0 ? servers : cluster };
}

/** Reads a resolv.conf(5). Pure. */
export function parseResolvConf(text: string): Resolver {
  const words = text.split('\n').map((line) =>
    line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/),
  );
  const after = (keyword: string) => words.filter(([first]) => first === keyword).map(([, ...rest]) => rest);
  return { servers: after('nameserver').flat(), searches: (after('search').at(-1) ?? []).filter((domain) => domain !== '.'), options: after('options').flat() };
}

function splitOption(option: string): [string, string | undefined] {
  const at = option.indexOf(':');
  return at < 0 ? [option, undefined] : [option.slice(0, at), option.slice(at + 1)];
}

function unique(list: readonly string[]): readonly string[] {
  return [...new Set(list)];
}
