import { isEmpty, isObject, type JsonObject } from './json.ts';

/** When a field is in an answer, by minor version of the API: `from` this one on, `before` that one, only where it says something `filledFrom` that one on. */
interface Field {
  /** `*` is every key of an object. */
  readonly path: string;
  readonly from?: number;
  readonly before?: number;
  readonly filledFrom?: number;
}

const paths = (text: string, when: Omit<Field, 'path'>): readonly Field[] => text.split(' ').map((path) => ({ path, ...when }));

const ENDPOINTS: readonly Field[] = [
  { path: 'NetworkSettings.Networks.*.DNSNames', from: 44 },
  { path: 'NetworkSettings.Networks.*.GwPriority', from: 48 },
];
const RUNTIME_WORDS = 'Hostname Domainname AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce Image';

/** The history of the Engine API as far as answers differ by the version that the client asked for; all other fields are in every version. */
export const SHAPES = {
  container: [
    ...ENDPOINTS,
    { path: 'Config.OnBuild', filledFrom: 52 },
    { path: 'HostConfig.KernelMemory', before: 42 },
    { path: 'HostConfig.KernelMemoryTCP', before: 42 },
    { path: 'HostConfig.CgroupnsMode', from: 41 },
    { path: 'HostConfig.Annotations', from: 43 },
    { path: 'HostConfig.Umask', from: 56 },
    ...'Bridge HairpinMode LinkLocalIPv6Address LinkLocalIPv6PrefixLen SecondaryIPAddresses SecondaryIPv6Addresses EndpointID Gateway GlobalIPv6Address GlobalIPv6PrefixLen IPAddress IPPrefixLen IPv6Gateway MacAddress'
      .split(' ')
      .map((name) => ({ path: `NetworkSettings.${name}`, before: 52 })),
  ],
  summary: [...ENDPOINTS, { path: 'HostConfig.Annotations', from: 46 }],
  image: [
    { path: 'VirtualSize', before: 44 },
    { path: 'Created', filledFrom: 44 },
    ...paths('Container ContainerConfig', { before: 45 }),
    ...RUNTIME_WORDS.split(' ').map((name) => ({ path: `Config.${name}`, before: 50 })),
    ...paths('Parent Comment DockerVersion Author', { filledFrom: 52 }),
    ...paths('Config.Cmd Config.Entrypoint Config.Env Config.Labels Config.OnBuild Config.User Config.Volumes Config.WorkingDir', { filledFrom: 52 }),
  ],
  imageSummary: [{ path: 'VirtualSize', before: 44 }],
  network: [
    { path: 'EnableIPv4', from: 48 },
    { path: 'Status', from: 52 },
  ],
  event: paths('status id from', { before: 52 }),
  stats: [{ path: 'os_type', from: 52 }],
  info: [
    ...paths('ExecutionDriver ClusterStore ClusterAdvertise', { before: 25 }),
    { path: 'CgroupVersion', from: 41 },
    { path: 'CDISpecDirs', from: 44 },
    { path: 'FirewallBackend', from: 49 },
    { path: 'DiscoveredDevices', from: 50 },
    ...paths('BridgeNfIptables BridgeNfIp6tables', { before: 50 }),
    ...paths('KernelMemory KernelMemoryTCP', { before: 42 }),
    ...paths('RegistryConfig.AllowNondistributableArtifactsCIDRs RegistryConfig.AllowNondistributableArtifactsHostnames', { before: 49 }),
    { path: 'Runtimes.*.status', from: 44 },
  ],
  diskUsage: [
    ...paths('LayersSize Images Containers Volumes BuildCache', { before: 53 }),
    ...paths('ImagesUsage ContainersUsage VolumesUsage BuildCacheUsage', { from: 52 }),
    { path: 'BuilderSize', before: 42 },
  ],
} as const satisfies Readonly<Record<string, readonly Field[]>>;

/** The answer without the fields that are not of the client's version. Pure. */
export function shaped(kind: keyof typeof SHAPES, value: object, minor: number): object {
  const fields: readonly Field[] = SHAPES[kind];
  return fields.reduce<object>((rest, field) => (isAlways(field, minor) ? rest : without(rest, field.path.split('.'), filledOnly(field, minor))), value);
}

function isAlways({ from = 0, before = Number.POSITIVE_INFINITY, filledFrom = Number.POSITIVE_INFINITY }: Field, minor: number): boolean {
  return minor >= from && minor < before && minor < filledFrom;
}

function filledOnly({ from = 0, before = Number.POSITIVE_INFINITY }: Field, minor: number): boolean {
  return minor >= from && minor < before;
}

function without(value: object, [key = '', ...rest]: readonly string[], emptyOnly: boolean): object {
  if (!isObject(value)) return value;
  const inner = (each: unknown) => (isObject(each) ? without(each, rest, emptyOnly) : each);
  if (key === '*') return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inner(each)]));
  if (!(key in value)) return value;
  if (rest.length > 0) return { ...value, [key]: inner(value[key]) };
  const { [key]: own, ...others } = value;
  return emptyOnly && !isEmpty(own) ? value : (others satisfies JsonObject);
}
