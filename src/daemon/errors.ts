import { GantryError } from '#kit';

/** An option or a configuration file that can't be used. */
export class ConfigError extends GantryError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('CONFIG_INVALID', 400, message, options);
  }
}

/** Something about the machine that keeps the daemon from starting; nothing was changed. */
export class StartError extends GantryError {
  constructor(
    code:
      | 'ALREADY_RUNNING'
      | 'NOT_ROOT'
      | 'ADDRESS_IN_USE'
      | 'DISK_FULL'
      | 'NEWER_FORMAT'
      | 'RUN_DIR_CHANGED'
      | 'PROGRAM_MISSING'
      | 'KERNEL_LACKS'
      | 'NO_CLUSTER',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(code, 500, message, options);
  }
}
