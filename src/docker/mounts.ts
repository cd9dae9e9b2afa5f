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
      if (!source?.startsWith('/')) throw badRequest(`invalid mount config for type "bind": the source must be an absolute path, not "${source ?? ''}"`);
      return defined({ type: 'bind' as const, source, target, readOnly, ...bindOptions(fields.inner('BindOptions'), readOnly), form: 'mount' as const });
    }
    case 'volume': {
      const volume = fields.inner('VolumeOptions');
      const driver = volume.inner('DriverConfig');
      if (!['', 'local'].includes(driver.text('Name') ?? ''))
        throw unsupported(`HostConfig.Mounts.VolumeOptions.DriverConfig.Name "${driver.text('Name')}" (volumes here are of the driver local)`);
      const driverOptions = driver.map('Options');
      if (source !== undefined) checkVolumeName(source);
      const options = { noCopy: volume.flag('NoCopy') || undefined, subpath: volume.text('Subpath'), labels: volume.map('Labels') };
      const given = isEmpty(driverOptions) ? undefined : driverOptions;
      return defined({ type: 'volume' as const, source, target, readOnly, ...options, driverOptions: given, form: 'mount' as const });
    }
    case 'image':
      if (source === undefined) throw badRequest('invalid mount config for type "image": field Source must not be empty');
      return defined({ type: 'image' as const, source, target, subpath: fields.inner('ImageOptions').text('Subpath'), form: 'mount' as const });
    case 'tmpfs':
      return defined({ type: 'tmpfs' as const, target, options: tmpfsOptions(fields.inner('TmpfsOptions'), readOnly), form: 'mount' as const });
    default:
      throw unsupported(`HostConfig.Mounts.Type "${fields.text('Type') ?? ''}" (use bind, volume, tmpfs or image)`);
  }
}

function bindOptions(bind: Fields, readOnly: boolean) {
  const propagation = bind.text('Propagation');
  if (propagation !== undefined && !PROPAGATION.includes(propagation)) throw badRequest(`invalid propagation mode: ${propagation}`);
  const asked = { none: bind.flag('NonRecursive'), 'read-only-top': bind.flag('ReadOnlyNonRecursive'), 'read-only-all': bind.flag('ReadOnlyForceRecursive') };
  if (!readOnly && (asked['read-only-top'] || asked['read-only-all']))
    throw badRequest('mount options ReadOnlyNonRecursive and ReadOnlyForceRecursive conflict with ReadOnly: false');
  if (asked['read-only-top'] && asked['read-only-all']) throw badRequest('mount options ReadOnlyNonRecursive and ReadOnlyForceRecursive conflict');
  if (asked['read-only-all'] && (asked.none || propagation !== 'rprivate'))
    throw badRequest('mount option ReadOnlyForceRecursive needs Propagation: rprivate, and conflicts with NonRecursive');
  const recursion = asked.none
    ? ('none' as const)
    : asked['read-only-top']
      ? ('read-only-top' as const)
      : asked['read-only-all']
        ? ('read-only-all' as const)
        : undefined;
  return { propagation, recursion, makeSource: bind.flag('CreateMountpoint') || undefined };
}

/** As mount(8) writes them: `size=1024,mode=700,noexec`. */
function tmpfsOptions(fields: Fields, readOnly: boolean): string | undefined {
  const [size, mode, more] = [fields.integer('SizeBytes'), fields.integer('Mode'), fields.any('Options') ?? []];
  if (!Array.isArray(more) || !more.every(isOption))
    throw badRequest('HostConfig.Mounts.TmpfsOptions.Options must be a list of lists of a name and perhaps a value');
  const options = [
    ...(size ? [`size=${size}`] : []),
    ...(mode ? [`mode=${mode.toString(8)}`] : []),
    ...more.map((words) => words.join('=')),
    ...(readOnly ? ['ro'] : []),
  ];
  return options.join(',') || undefined;
}

function isOption(value: unknown): value is readonly string[] {
  return Array.isArray(value) && (value.length === 1 || value.length === 2) && value.every((word) => typeof word === 'string' && !word.includes(','));
}

/** HostConfig.VolumesFrom: `container[:ro|:rw]`. */
export function volumesFrom(host: Fields): { readonly container: string; readonly readOnly: boolean }[] | undefined {
  return host.texts('VolumesFrom')?.map((text) => {
    const [container = '', mode = 'rw', ...rest] = text.split(':');
    if (container === '' || rest.length > 0 || (mode !== 'ro' && mode !== 'rw'))
      throw badRequest(`invalid mode for volumes-from: ${text} (a right one looks like name:ro)`);
    return { container, readOnly: mode === 'ro' };
  });
}

function place(target: string): string {
  if (!target.startsWith('/')) throw badRequest(`invalid mount path: '${target}' mount path must be absolute`);
  const clean = posix.normalize(target).replace(/(?<=.)\/$/, '');
  if (clean === '/') throw badRequest("invalid specification: destination can't be '/'");
  return clean;
}
