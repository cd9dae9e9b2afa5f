import type { MountSpec } from '#engine';
import { defined } from './json.ts';

/** HostConfig.Binds: what came as `source:target[:options]`. */
export function bindsView(mounts: readonly MountSpec[]): readonly string[] | null {
  const binds = mounts.flatMap((mount) => {
    if (mount.form === 'mount' || mount.type === 'tmpfs' || mount.type === 'image' || mount.source === undefined) return [];
    const options = bindOptions(mount);
    return [[mount.source, mount.target, ...(options === '' ? [] : [options])].join(':')];
  });
  return binds.length === 0 ? null : binds;
}

/** The third part of `source:target:options`; empty for what did not come so. */
export function bindOptions(mount: MountSpec | undefined): string {
  if (mount === undefined || mount.form === 'mount' || mount.type === 'tmpfs' || mount.type === 'image') return '';
  return [
    ...(mount.readOnly ? ['ro'] : []),
    ...(mount.type === 'volume' && mount.noCopy ? ['nocopy'] : []),
    ...(mount.type === 'bind' && mount.propagation !== undefined ? [mount.propagation] : []),
  ].join(',');
}

/** HostConfig.Tmpfs: what came as a place and options. */
export function tmpfsView(mounts: readonly MountSpec[]): object | undefined {
  const entries = mounts.flatMap((mount) => (mount.type === 'tmpfs' && mount.form !== 'mount' ? [[mount.target, mount.options ?? '']] : []));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** HostConfig.Mounts: what came as objects. */
export function mountObjects(mounts: readonly MountSpec[]): readonly object[] | undefined {
  const objects = mounts.flatMap((mount) => (mount.form === 'mount' ? [mountObject(mount)] : []));
  return objects.length === 0 ? undefined : objects;
}

function mountObject(mount: MountSpec): object {
  const { type, target } = mount;
  switch (mount.type) {
    case 'bind': {
      const options = { Propagation: mount.propagation, CreateMountpoint: mount.makeSource, ...recursionView(mount.recursion) };
      return filled({ Type: type, Source: mount.source, Target: target, ReadOnly: mount.readOnly || undefined }, 'BindOptions', options);
    }
    case 'volume': {
      const driver = mount.driverOptions === undefined ? undefined : { Name: 'local', Options: mount.driverOptions };
      const options = { NoCopy: mount.noCopy, Labels: mount.labels, DriverConfig: driver, Subpath: mount.subpath };
      return filled({ Type: type, Source: mount.source, Target: target, ReadOnly: mount.readOnly || undefined }, 'VolumeOptions', options);
    }
    case 'image':
      return filled({ Type: type, Source: mount.source, Target: target }, 'ImageOptions', { Subpath: mount.subpath });
    case 'tmpfs':
      return filled({ Type: type, Target: target }, 'TmpfsOptions', tmpfsOptions(mount.options));
  }
}

function recursionView(recursion: (MountSpec & { type: 'bind' })['recursion']): object {
  if (recursion === 'none') return { NonRecursive: true };
  if (recursion === 'read-only-top') return { ReadOnlyNonRecursive: true };
  return recursion === 'read-only-all' ? { ReadOnlyForceRecursive: true } : {};
}

function tmpfsOptions(text: string | undefined): object {
  const words = (text ?? '').split(',').filter((word) => word !== '');
  const value = (name: string) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const [size, mode] = [value('size'), value('mode')];
  const others = words.filter((word) => !word.startsWith('size=') && !word.startsWith('mode=')).map((word) => word.split(/=(.*)/s, 2));
  return {
    SizeBytes: size === undefined ? undefined : Number(size),
    Mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    Options: others.length === 0 ? undefined : others,
  };
}

function filled(object: object, name: string, options: object): object {
  const given = defined(options);
  return { ...defined(object), ...(Object.keys(given).length === 0 ? {} : { [name]: given }) };
}
