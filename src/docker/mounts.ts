import { posix } from 'node:path';
import type { MountSpec } from '#engine';
import { badRequest, unsupported } from './errors.ts';
import { defined, Fields, isEmpty } from './json.ts';

const PROPAGATION = ['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave'];

/** HostConfig.Binds, .Mounts and .Tmpfs and the image-like Volumes, in that order; two at one place are refused. */
export function mountSpecs(host: Fields, config: Fields): readonly MountSpec[] {
  const mounts = [
    ...(host.texts('Binds') ?? []).map(parseBind),
    ...host.objects('Mounts').map((mount) => parseMount(new Fields(mount, 'HostConfig.Mounts.'))),
    ...Object.entries(host.map('Tmpfs') ?? {}).map(
      ([target, options]): MountSpec => defined({ type: 'tmpfs' as const, target: place(target), options: options || undefined }),
    ),
  ];
  const places = new Set<string>();
  for (const { target } of mounts) {
    if (places.has(target)) throw badRequest(`Duplicate mount point: ${target}`);
    places.add(target);
  }
  const anonymous = Object.keys(config.object('Volumes') ?? {})
    .map((path) => place(path))
    .filter((target) => !places.has(target));
  return [...mounts, ...anonymous.map((target): MountSpec => ({ type: 'volume', target, readOnly: false }))];
}

/** `source:target[:options]`; a source without a slash at its head is a volume's name. */
export function parseBind(text: string): MountSpec {
  const parts = text.split(':');
  const [source = '', target = '', options = ''] = parts.length === 1 ? ['', text] : parts;
  if (parts.length > 3 || target === '')
    throw badRequest(`invalid volume specification: '${text}' (a right one looks like /host/path:/container/path:ro or name:/path)`);
  let readOnly = false;
  let noCopy = false;
  let propagation: string | undefined;
  for (const option of options.split(',').filter((item) => item !== '')) {
    if (option === 'ro' || option === 'rw') readOnly = option === 'ro';
    else if (option === 'nocopy') noCopy = true;
    else if (PROPAGATION.includes(option)) propagation = option;
    else if (option !== 'z' && option !== 'Z' && option !== 'consistent' && option !== 'cached' && option !== 'delegated')
      throw badRequest(`invalid mode: ${option} in the volume specification '${text}'`);
    else if (option === 'z' || option === 'Z') throw unsupported(`the SELinux option "${option}" of the volume '${text}'`);
  }
  if (source.startsWith('/')) {
    if (noCopy) throw badRequest(`invalid mode: nocopy is for volumes only, not for '${text}'`);
    return defined({ type: 'bind' as const, source: posix.normalize(source), target: place(target), readOnly, propagation, makeSource: true });
  }
  if (source !== '') checkVolumeName(source);
  return defined({ type: 'volume' as const, source: source || undefined, target: place(target), readOnly, noCopy: noCopy || undefined });
}

export function checkVolumeName(name: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name))
    throw badRequest(
      `"${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
}

function parseMount(fields: Fields): MountSpec {
  const target = place(fields.text('Target') ?? '');
  const source = fields.text('Source');
  const readOnly = fields.flag('ReadOnly');
  switch (fields.text('Type')) {
    case 'bind': {
      const bind = fields.inner('BindOptions');
      for (const name of ['NonRecursive', 'CreateMountpoint', 'ReadOnlyNonRecursive', 'ReadOnlyForceRecursive'])
        if (!isEmpty(bind.any(name))) throw unsupported(`HostConfig.Mounts.BindOptions.${name}`);
      if (!source?.startsWith('/')) throw badRequest(`invalid mount config for type "bind": the source must be an absolute path, not "${source ?? ''}"`);
      return defined({ type: 'bind' as const, source, target, readOnly, propagation: bind.text('Propagation') });
    }
    case 'volume': {
      const volume = fields.inner('VolumeOptions');
      const driver = volume.inner('DriverConfig');
      if (!['', 'local'].includes(driver.text('Name') ?? '') || !isEmpty(driver.any('Options')))
        throw unsupported('HostConfig.Mounts.VolumeOptions.DriverConfig');
      for (const name of ['Labels', 'Subpath']) if (!isEmpty(volume.any(name))) throw unsupported(`HostConfig.Mounts.VolumeOptions.${name}`);
      if (source !== undefined) checkVolumeName(source);
      return defined({ type: 'volume' as const, source, target, readOnly, noCopy: volume.flag('NoCopy') || undefined });
    }
    case 'tmpfs': {
      const tmpfs = fields.inner('TmpfsOptions');
      if (!isEmpty(tmpfs.any('Options'))) throw unsupported('HostConfig.Mounts.TmpfsOptions.Options');
      const size = tmpfs.integer('SizeBytes');
      const mode = tmpfs.integer('Mode');
      const options = [...(size ? [`size=${size}`] : []), ...(mode ? [`mode=${mode.toString(8)}`] : []), ...(readOnly ? ['ro'] : [])].join(',');
      return defined({ type: 'tmpfs' as const, target, options: options || undefined });
    }
    default:
      throw unsupported(`HostConfig.Mounts.Type "${fields.text('Type') ?? ''}" (use bind, volume or tmpfs)`);
  }
}

function place(target: string): string {
  if (!target.startsWith('/')) throw badRequest(`invalid mount path: '${target}' mount path must be absolute`);
  const clean = posix.normalize(target).replace(/(?<=.)\/$/, '');
  if (clean === '/') throw badRequest("invalid specification: destination can't be '/'");
  return clean;
}
