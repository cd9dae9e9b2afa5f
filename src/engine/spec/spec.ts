import type { ContainerRecord } from '../container.ts';
import { unsupported } from '../errors.ts';
import type { ContainerSpec } from '../types.ts';
import { capabilitiesOf } from './capabilities.ts';
import { checkAccess, deviceRules, type GivenDevice, type OciDevice, parseRule } from './devices.ts';
import type { Machine } from './machine.ts';
import { type BoundFiles, INIT_INSIDE, mountsOf, type OciMount } from './mounts.ts';
import { type JoinedNamespaces, namespacesOf, usesInit, type OciNamespace } from './namespaces.ts';
import { oomScoreOf, resourcesOf, rlimitsOf } from './resources.ts';
import { type OciSeccomp, seccompOf } from './seccomp.ts';
import type { ResolvedUser } from './user.ts';

/** What the specification is made of, beside the container's own record. */
export interface SpecInput {
  readonly record: ContainerRecord;
  readonly rootfs: string;
  readonly cgroupsPath: string;
  readonly user: ResolvedUser;
  /** Path of the network namespace; absent: the daemon's. */
  readonly networkNamespace?: string;
  readonly joined: JoinedNamespaces;
  readonly files: BoundFiles;
  readonly machine: Machine;
  /** Device nodes of the machine, for privileged containers. */
  readonly hostDevices: readonly OciDevice[];
  readonly blockIo?: Readonly<Record<string, unknown>>;
  /** Variables that tell of other containers; the container's own ones win. */
  readonly linked?: readonly string[];
  readonly givenDevices: readonly GivenDevice[];
}
export interface OciProcess {
  readonly terminal: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[]; readonly umask?: number };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: Readonly<Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', readonly string[]>>;
  readonly rlimits: readonly { readonly type: string; readonly soft: number; readonly hard: number }[];
  readonly noNewPrivileges: boolean;
  readonly oomScoreAdj?: number;
}
export interface OciSpec {
  readonly ociVersion: '1.0.2';
  readonly process: OciProcess;
  readonly root: { readonly path: string; readonly readonly: boolean };
  /** Absent where the machine's own is shared. */
  readonly hostname?: string;
  readonly mounts: readonly OciMount[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux: {
    readonly cgroupsPath: string;
    readonly namespaces: readonly OciNamespace[];
    readonly resources: Readonly<Record<string, unknown>>;
    readonly devices?: readonly OciDevice[];
    readonly seccomp?: OciSeccomp;
    readonly sysctl?: Readonly<Record<string, string>>;
    readonly rootfsPropagation: string;
    readonly maskedPaths?: readonly string[];
    readonly readonlyPaths?: readonly string[];
  };
}

export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
export const MASKED_PATHS =
  '/proc/asound /proc/acpi /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats /proc/sched_debug /proc/scsi /sys/firmware /sys/devices/virtual/powercap'.split(
    ' ',
  );
export const READONLY_PATHS = '/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger'.split(' ');
/** The OCI runtime specification of a container. Pure. Errors: `ENGINE_INVALID`. */
export function ociSpec(input: SpecInput): OciSpec {
  const { record, machine } = input;
  const { spec } = record;
  const privileged = spec.security?.privileged ?? false;
  const capabilities = capabilitiesOf(spec.security, machine.bounding).value;
  const seccomp = privileged ? undefined : seccompOf(spec.security?.seccomp, capabilities, machine.architecture);
  const devices = devicesOf(input, privileged);
  return {
    ociVersion: '1.0.2',
    process: mainProcess(input, capabilities),
    root: { path: input.rootfs, readonly: spec.readOnlyRoot ?? false },
    ...(spec.namespaces?.uts === 'host' ? {} : { hostname: record.hostname }),
    mounts: mountsOf(record, input.files),
    annotations: spec.annotations ?? {},
    linux: {
      cgroupsPath: input.cgroupsPath,
      namespaces: namespacesOf(spec, { ...input.joined, network: input.networkNamespace }, machine),
      resources: {
        devices: deviceRules(privileged, input.givenDevices, spec.deviceRules ?? []),
        ...resourcesOf(spec.resources ?? {}, machine).value,
        ...(input.blockIo === undefined ? {} : { blockIO: input.blockIo }),
      },
      ...(devices.length > 0 ? { devices } : {}),
      ...(privileged ? {} : { maskedPaths: spec.security?.maskedPaths ?? MASKED_PATHS, readonlyPaths: spec.security?.readOnlyPaths ?? READONLY_PATHS }),
      ...(seccomp === undefined ? {} : { seccomp }),
      ...sysctlsOf(spec),
      rootfsPropagation: spec.mounts?.some((mount) => mount.type === 'bind' && mount.propagation && !mount.propagation.endsWith('private'))
        ? 'rslave'
        : 'rprivate',
    },
  };
}

/** One node a place: what the user gave stands before the machine's own. */
function devicesOf({ givenDevices, hostDevices }: SpecInput, privileged: boolean): readonly OciDevice[] {
  const given = givenDevices.map(({ device }) => device);
  const taken = new Set(given.map(({ path }) => path));
  return [...given, ...(privileged ? hostDevices.filter(({ path }) => !taken.has(path)) : [])];
}

function mainProcess({ record, user, machine, linked }: SpecInput, capabilities: readonly string[]): OciProcess {
  const { spec, process } = record;
  const oomScore = oomScoreOf(spec.resources ?? {}, machine).value;
  return {
    terminal: spec.terminal ?? false,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids, ...(spec.umask === undefined ? {} : { umask: spec.umask }) },
    args: [...(usesInit(spec) ? [INIT_INSIDE, '--'] : []), process.path, ...process.args],
    env: environmentOf(record, user, spec.terminal ?? false, linked),
    cwd: process.workingDirectory,
    capabilities: capabilitySets(capabilities, user.uid),
    rlimits: rlimitsOf(spec.resources ?? {}, machine).value,
    noNewPrivileges: spec.security?.noNewPrivileges ?? false,
    ...(oomScore === undefined ? {} : { oomScoreAdj: oomScore }),
  };
}

/** A user other than root starts without effective capabilities, as after a set-uid to it. */
export function capabilitySets(capabilities: readonly string[], uid: number): OciProcess['capabilities'] {
  const effective = uid === 0 ? capabilities : [];
  return { bounding: capabilities, effective, permitted: effective, inheritable: [], ambient: [] };
}

/** Later settings win over earlier ones of the same name. */
export function environmentOf(record: ContainerRecord, user: ResolvedUser, terminal: boolean, linked: readonly string[] = []): readonly string[] {
  const variables = new Map<string, string>();
  const defaults = [DEFAULT_PATH, `HOSTNAME=${record.hostname}`, ...(terminal ? ['TERM=xterm'] : []), `HOME=${user.home}`];
  for (const entry of [...defaults, ...linked, ...record.process.environment]) variables.set(entry.split('=', 1)[0] ?? '', entry);
  return [...variables.values()];
}

function sysctlsOf(spec: ContainerSpec): { sysctl?: Readonly<Record<string, string>> } {
  const domain = spec.domainName ? { 'kernel.domainname': spec.domainName } : {};
  const sysctl = { ...domain, ...spec.sysctls };
  return Object.keys(sysctl).length > 0 ? { sysctl } : {};
}

/** What the machine can only give in part, in words for the user. Errors: `ENGINE_INVALID`. */
export function warningsOf(spec: ContainerSpec, machine: Machine): readonly string[] {
  const limits = spec.resources ?? {};
  // They change what the runtime confines (filters, hooks, groups): nobody may reach them from outside.
  const reserved = Object.keys(spec.annotations ?? {}).find((name) => name.startsWith('run.oci.'));
  if (reserved !== undefined) throw unsupported(`annotation ${reserved}`, "names that begin with run.oci. are the runtime's own");
  seccompOf(spec.security?.seccomp, [], machine.architecture);
  spec.deviceRules?.forEach(parseRule);
  spec.devices?.forEach(({ access }) => checkAccess(access));
  return [capabilitiesOf(spec.security, machine.bounding), resourcesOf(limits, machine), rlimitsOf(limits, machine), oomScoreOf(limits, machine)].flatMap(
    ({ warnings }) => warnings,
  );
}

/** JSON text of a specification; endless limits become the kernel's own number, which a JavaScript number can't hold. */
export function encodeSpec(spec: unknown): string {
  return JSON.stringify(spec).replaceAll('9223372036854776000', '18446744073709551615');
}
