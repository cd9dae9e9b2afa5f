import type { DeviceSpec, NamespaceChoices } from '#engine';
import { badRequest } from './errors.ts';
import { defined, Fields } from './json.ts';

/** HostConfig.PidMode, .IpcMode, .UTSMode, .CgroupnsMode and .UsernsMode. Errors: 400, naming the mode. */
export function namespaceChoices(host: Fields): NamespaceChoices | undefined {
  const choices = defined({
    pid: choice(host.text('PidMode'), 'PID', ['host'], true),
    ipc: choice(host.text('IpcMode'), 'IPC', ['none', 'private', 'shareable', 'host'], true),
    uts: choice(host.text('UTSMode'), 'UTS', ['host'], false),
    cgroup: choice(host.text('CgroupnsMode'), 'cgroup namespace', ['private', 'host'], false),
    user: choice(host.text('UsernsMode'), 'user namespace', ['host'], false),
  });
  // The checks above leave just what the type says.
  return Object.keys(choices).length === 0 ? undefined : (choices as NamespaceChoices);
}

function choice(mode: string | undefined, name: string, words: readonly string[], joins: boolean): string | undefined {
  if (mode === undefined || words.includes(mode)) return mode;
  if (joins && /^container:./.test(mode)) return mode;
  throw badRequest(`invalid ${name} mode: ${mode} (use ${words.join(', ')}${joins ? ' or container:NAME' : ''})`);
}

/** HostConfig.Devices. */
export function deviceSpecs(host: Fields): readonly DeviceSpec[] | undefined {
  const devices = host.objects('Devices').map((item): DeviceSpec => {
    const fields = new Fields(item, 'HostConfig.Devices.');
    const source = fields.text('PathOnHost');
    if (source === undefined) throw badRequest('HostConfig.Devices needs PathOnHost in each of its entries');
    const target = fields.text('PathInContainer') ?? source;
    if (!source.startsWith('/') || !target.startsWith('/')) throw badRequest(`invalid device ${source}:${target}: both must be absolute paths`);
    return { source, target, access: fields.text('CgroupPermissions') ?? 'rwm' };
  });
  return devices.length === 0 ? undefined : devices;
}
