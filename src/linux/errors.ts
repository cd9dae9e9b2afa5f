import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import { GantryError } from '#kit';

/** A system call that the kernel refused; `errno` is positive, `errnoName` such as `EBUSY`. */
export class SystemCallError extends GantryError {
  readonly errno: number;
  readonly errnoName: string;

  constructor(action: string, call: string, errno: number) {
    const name = getSystemErrorName(-errno);
    super('SYSTEM_CALL_FAILED', 500, `Cannot ${action}: ${getSystemErrorMessage(-errno)} (${name} from ${call})`);
    this.errno = errno;
    this.errnoName = name;
  }
}

/** A program (`ip`, `nft`) that ended with an error; the message has its words. */
export class CommandError extends GantryError {
  /** Such as `EEXIST`, where the kernel's answer is known as a number. */
  readonly errnoName: string | undefined;

  constructor(command: string, problem: string, options: { cause?: unknown; errnoName?: string } = {}) {
    super('COMMAND_FAILED', 500, `${command} failed: ${problem}`, options);
    this.errnoName = options.errnoName;
  }
}

export function mountOptionsTooLong(target: string, bytes: number): GantryError {
  return new GantryError(
    'MOUNT_OPTIONS_TOO_LONG',
    500,
    `Cannot mount ${target}: its options take ${bytes} bytes and the kernel takes one page (4095); use fewer layers or shorter paths`,
  );
}

export function addressMalformed(address: string): GantryError {
  return new GantryError('ADDRESS_MALFORMED', 400, `Cannot use ${JSON.stringify(address)} as an IP address: write it as 10.88.0.2 or fd00::2`);
}

export function namespaceReturnFailed(cause: unknown): GantryError {
  return new GantryError('NAMESPACE_RETURN_FAILED', 500, 'Cannot return to the own network namespace; this process must end', { cause });
}

export function cgroupsMissing(): GantryError {
  return new GantryError('CGROUPS_MISSING', 500, 'Cannot find a mounted cgroup hierarchy in /proc/self/mountinfo: mount cgroup2 at /sys/fs/cgroup');
}

export function cgroupControllerMissing(controller: string, path: string): GantryError {
  return new GantryError(
    'CGROUP_CONTROLLER_MISSING',
    500,
    `Cannot limit ${path}: this kernel has no ${controller} controller mounted; leave the limit out or mount it`,
  );
}

export function cgroupBusy(path: string, cause: unknown): GantryError {
  return new GantryError('CGROUP_BUSY', 500, `Cannot remove cgroup ${path}: it stays in use after SIGKILL to everything in it`, { cause });
}

export function freezeTimedOut(path: string, state: string): GantryError {
  return new GantryError('FREEZE_TIMED_OUT', 500, `Cannot freeze cgroup ${path}: it is still ${state} after 5 s; a process in it may wait for a device`);
}
