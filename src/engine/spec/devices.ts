import { invalid } from '../errors.ts';

/** A device node as the runtime makes it (OCI runtime specification). */
export interface OciDevice {
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A device of the machine that the container was given, and what it may do with it. */
export interface GivenDevice {
  readonly device: OciDevice;
  /** Of `r`, `w` and `m`. */
  readonly access: string;
}

/** An entry of `linux.resources.devices`. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

const KNOWN_DEVICES: readonly (readonly [number, number | undefined])[] = [
  [1, 3],
  [1, 5],
  [1, 7],
  [1, 8],
  [1, 9],
  [5, 0],
  [5, 2],
  [136, undefined],
];
const DEFAULT_RULES: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...KNOWN_DEVICES.map(([major, minor]) => ({ allow: true, type: 'c', major, ...(minor === undefined ? {} : { minor }), access: 'rwm' })),
];

/** What a container may do with devices: the usual, those that it was given, and the rules that the user wrote. Pure. */
export function deviceRules(privileged: boolean, given: readonly GivenDevice[], rules: readonly string[]): readonly DeviceRule[] {
  if (privileged) return [{ allow: true, access: 'rwm' }];
  const own = given.map(({ device: { type, major, minor }, access }) => ({ allow: true, type, major, minor, access }));
  return [...DEFAULT_RULES, ...own, ...rules.map(parseRule)];
}

/** `c 1:3 rwm` with `*` for any number, as the kernel's device controller reads it. Errors: `ENGINE_INVALID`. */
export function parseRule(text: string): DeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text);
  if (match === null) throw invalid('device cgroup rule', `'${text}'; a right one looks like 'c 10:229 rwm'`);
  const [, type = '', major = '', minor = '', access = ''] = match;
  const number = (name: string, value: string) => (value === '*' ? {} : { [name]: Number(value) });
  return { allow: true, type, ...number('major', major), ...number('minor', minor), access };
}

/** The device's permissions. Errors: `ENGINE_INVALID`. */
export function checkAccess(access: string): void {
  if (!/^[rwm]{1,3}$/.test(access) || new Set(access).size < access.length) throw invalid('device mode', `"${access}"; use some of r, w and m`);
}
