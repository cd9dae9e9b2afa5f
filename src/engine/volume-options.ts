import type { MountFlag, MountRequest } from '#linux';
import { EngineError } from './errors.ts';

/** The options of the local driver, in Docker's words. Pure. */

export type VolumeOptions = Readonly<Record<string, string>>;

const KNOWN = ['type', 'device', 'o', 'size'];
const NEEDS: Readonly<Record<string, readonly string[]>> = { device: ['type'], type: ['device'], o: ['device', 'type'] };

/** Words of mount(8) that are flags; null: they ask for what is so anyway. */
const FLAGS: Readonly<Record<string, readonly MountFlag[] | null>> = {
  defaults: null,
  rw: null,
  suid: null,
  dev: null,
  exec: null,
  async: null,
  ro: ['ro'],
  nosuid: ['nosuid'],
  nodev: ['nodev'],
  noexec: ['noexec'],
  sync: ['sync'],
  dirsync: ['dirsync'],
  noatime: ['noatime'],
  nodiratime: ['nodiratime'],
  relatime: ['relatime'],
  strictatime: ['strictatime'],
  bind: ['bind'],
  rbind: ['bind', 'rec'],
  private: ['private'],
  rprivate: ['private', 'rec'],
  shared: ['shared'],
  rshared: ['shared', 'rec'],
  slave: ['slave'],
  rslave: ['slave', 'rec'],
};

const refused = (name: string, why: string) => new EngineError('VOLUME_OPTIONS_INVALID', 400, `create ${name}: ${why}`);

/** Errors: `VOLUME_OPTIONS_INVALID`. */
export function checkVolumeOptions(name: string, options: VolumeOptions): void {
  for (const key of Object.keys(options)) if (!KNOWN.includes(key)) throw refused(name, `invalid option: "${key}"`);
  for (const [key, needed] of Object.entries(NEEDS))
    for (const other of key in options ? needed : []) if (!(other in options)) throw refused(name, `missing required option: "${other}"`);
  if (options['device'] === '') throw refused(name, 'missing device in volume options');
  if (options['size'] !== undefined) throw refused(name, 'quota size requested but no quota support');
  const { flags } = mountWords(options['o'] ?? '');
  const device = options['device'] ?? '';
  if (flags.includes('bind') && !device.startsWith('/')) throw refused(name, `invalid option: device "${device}" of a bind must be an absolute path`);
}

/** What mount(2) is to do for it; `target` is where. */
export function volumeMount({ type = '', device = '', o = '' }: VolumeOptions, target: string): MountRequest {
  const { flags, data } = mountWords(o);
  return {
    source: device,
    target,
    ...(type === '' || type === 'none' ? {} : { type }),
    ...(flags.length === 0 ? {} : { flags }),
    ...(data === '' ? {} : { options: data }),
  };
}

/** The options of mount(8) as flags, and the rest for the file system itself. */
export function mountWords(text: string): { readonly flags: readonly MountFlag[]; readonly data: string } {
  const words = text.split(',').filter((word) => word !== '');
  return {
    flags: [...new Set(words.flatMap((word) => FLAGS[word] ?? []))],
    data: words.filter((word) => FLAGS[word] === undefined).join(','),
  };
}

/** The server of a network file system that is named in the options, where it is a name and no address yet. */
export function serverName({ type, o = '' }: VolumeOptions): string | undefined {
  const address = /(?:^|,)addr=([^,]+)/.exec(o)?.[1];
  return (type === 'nfs' || type === 'nfs4' || type === 'cifs') && address !== undefined && !/^[\d.]+$|:/.test(address) ? address : undefined;
}

/** Words that keep secrets are not shown. */
export function shownOptions(text: string): string {
  return text.replaceAll(/(^|,)(pass(?:word)?)=[^,]*/g, '$1$2=********');
}
