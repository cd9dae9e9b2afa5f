import type { ContainerSpec, LogSpec, RestartPolicy, SecurityOptions } from '#engine';
import type { HealthConfig } from '#image';
import { badRequest, unsupported } from './errors.ts';
import { defined, Fields, type JsonObject } from './json.ts';
import { endpointSpec, linkSpecs, macAddress, networkMode } from './network-request.ts';
import { deviceSpecs, namespaceChoices } from './namespaces.ts';
import { exposedPorts, portBindings } from './ports.ts';
import { mountSpecs, volumesFrom } from './mounts.ts';
import { resourceLimits } from './resources.ts';
import { refuseUnsupported } from './unsupported.ts';

/** Translates the body of `POST /containers/create`. Pure. Errors: 400, naming the field. */
export function containerSpec(body: JsonObject, name: string | undefined): ContainerSpec {
  refuseUnsupported(body);
  const config = new Fields(body);
  const host = config.inner('HostConfig');
  if (name !== undefined && !/^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name))
    throw badRequest(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  return defined({
    owner: { kind: 'docker' as const },
    name: name?.replace(/^\//, ''),
    image: config.text('Image') ?? missing('Image'),
    ...processFields(config),
    mounts: mountSpecs(host, config),
    volumesFrom: volumesFrom(host),
    readOnlyRoot: host.flag('ReadonlyRootfs'),
    network: networkMode(host.text('NetworkMode'), networkEndpoints(config), macAddress(config)),
    publish: portBindings(host.object('PortBindings') ?? {}),
    publishAll: host.flag('PublishAllPorts'),
    exposed: [...exposedPorts(config.object('ExposedPorts') ?? {}), ...exposedPorts(host.object('PortBindings') ?? {})].filter(
      (port, index, all) => all.indexOf(port) === index,
    ),
    links: linkSpecs(host.texts('Links')),
    extraHosts: host.texts('ExtraHosts'),
    dns: defined({ servers: host.texts('Dns'), search: host.texts('DnsSearch'), options: host.texts('DnsOptions') }),
    restart: restartPolicy(host.inner('RestartPolicy'), host.flag('AutoRemove')),
    autoRemove: host.flag('AutoRemove'),
    resources: resourceLimits(host),
    security: securityOptions(host),
    init: host.choice('Init'),
    runtime: runtimeName(host.text('Runtime')),
    namespaces: namespaceChoices(host),
    devices: deviceSpecs(host),
    deviceRules: host.texts('DeviceCgroupRules'),
    shmSize_bytes: host.integer('ShmSize') || undefined,
    sysctls: host.map('Sysctls'),
    umask: umask(host),
    annotations: host.map('Annotations'),
  });
}

function processFields(config: Fields) {
  const host = config.inner('HostConfig');
  return {
    // Docker's `[""]` takes the image's entrypoint away.
    entrypoint: withoutBlank(config.words('Entrypoint')),
    command: config.words('Cmd'),
    environment: config.texts('Env'),
    workingDirectory: absolute(config.text('WorkingDir'), 'WorkingDir'),
    user: config.text('User'),
    groups: host.texts('GroupAdd'),
    hostname: config.text('Hostname'),
    domainName: config.text('Domainname'),
    labels: config.map('Labels'),
    terminal: config.flag('Tty'),
    openStdin: config.flag('OpenStdin'),
    stdinOnce: config.flag('StdinOnce'),
    attached: { stdin: config.flag('AttachStdin'), stdout: config.flag('AttachStdout'), stderr: config.flag('AttachStderr') },
    stopSignal: config.text('StopSignal'),
    stopTimeout_seconds: config.integer('StopTimeout'),
    healthcheck: healthConfig(config.object('Healthcheck')),
    log: logSpec(host.inner('LogConfig')),
  };
}

/** Docker's own name for whichever runtime is the default one. */
function runtimeName(name: string | undefined): string | undefined {
  return name === 'io.containerd.runc.v2' ? undefined : name;
}

function logSpec(fields: Fields): LogSpec | undefined {
  const driver = fields.text('Type');
  const options = fields.map('Config') ?? {};
  if (driver === undefined && Object.keys(options).length === 0) return undefined;
  if (driver !== undefined && driver !== 'json-file' && driver !== 'local' && driver !== 'none')
    throw unsupported(`HostConfig.LogConfig.Type ${driver} (use json-file, local or none)`);
  return { driver: driver ?? 'json-file', options };
}

function umask(host: Fields): number | undefined {
  const mask = host.integer('Umask');
  if (mask !== undefined && (mask < 0 || mask > 0o777)) throw badRequest(`invalid HostConfig.Umask: ${mask} is not from 0 to 511 (octal 777)`);
  return mask;
}

function withoutBlank(words: readonly string[] | undefined): readonly string[] | undefined {
  return words?.length === 1 && words[0] === '' ? [] : words;
}

function absolute(path: string | undefined, name: string): string | undefined {
  if (path !== undefined && !path.startsWith('/')) throw badRequest(`the working directory '${path}' is invalid, it needs to be an absolute path (${name})`);
  return path;
}

function healthConfig(object: JsonObject | undefined): HealthConfig | undefined {
  if (object === undefined) return undefined;
  const fields = new Fields(object, 'Healthcheck.');
  const durations = {
    Interval: fields.integer('Interval'),
    Timeout: fields.integer('Timeout'),
    StartPeriod: fields.integer('StartPeriod'),
    StartInterval: fields.integer('StartInterval'),
  };
  for (const [name, value] of Object.entries(durations))
    if (value !== undefined && value !== 0 && value < 1e6) throw badRequest(`${name} in Healthcheck cannot be less than 1ms`);
  const test = fields.texts('Test');
  const kinds = ['NONE', 'CMD', 'CMD-SHELL'];
  if (test?.[0] !== undefined && !kinds.includes(test[0])) throw badRequest(`Healthcheck.Test must begin with one of ${kinds.join(', ')}, not "${test[0]}"`);
  return defined({ Test: test, Retries: fields.integer('Retries'), ...durations });
}

export function restartPolicy(fields: Fields, autoRemove: boolean): RestartPolicy | undefined {
  const name = fields.text('Name');
  if (name === undefined) return undefined;
  if (name !== 'no' && name !== 'always' && name !== 'unless-stopped' && name !== 'on-failure')
    throw badRequest(`invalid restart policy '${name}': use one of no, always, unless-stopped, on-failure`);
  if (autoRemove && name !== 'no') throw badRequest("can't create 'AutoRemove' container with restart policy");
  const retries = fields.integer('MaximumRetryCount') || undefined;
  if (retries !== undefined && name !== 'on-failure') throw badRequest("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  return { name, ...(retries === undefined ? {} : { maximumRetries: retries }) };
}

function securityOptions(host: Fields): SecurityOptions {
  const options: { noNewPrivileges?: boolean; seccomp?: string } = {};
  for (const option of host.texts('SecurityOpt') ?? []) {
    const [name = '', value = 'true'] = option.split(/[=:](.*)/s, 2);
    if (name === 'no-new-privileges' && (value === 'true' || value === 'false')) options.noNewPrivileges = value === 'true';
    else if (name === 'seccomp') options.seccomp = value === 'builtin' ? 'default' : value;
    else if ((name === 'apparmor' && value === 'unconfined') || (name === 'label' && value === 'disable'))
      continue; // this kernel has neither, so nothing is confined
    else throw unsupported(`HostConfig.SecurityOpt "${option.slice(0, 60)}"`);
  }
  return defined({
    ...options,
    privileged: host.flag('Privileged'),
    capabilitiesAdd: host.texts('CapAdd'),
    capabilitiesDrop: host.texts('CapDrop'),
    maskedPaths: host.texts('MaskedPaths'),
    readOnlyPaths: host.texts('ReadonlyPaths'),
  });
}

function networkEndpoints(config: Fields) {
  const endpoints = config.inner('NetworkingConfig').object('EndpointsConfig') ?? {};
  return Object.fromEntries(Object.keys(endpoints).map((name) => [name, endpointSpec(new Fields(endpoints, 'NetworkingConfig.EndpointsConfig.').inner(name))]));
}

function missing(name: string): never {
  throw badRequest(`${name} must be given, for example {"${name}": "busybox:latest"}`);
}
