import type { Clock } from './clock.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFields = Readonly<Record<string, unknown>>;

/** Where a part says what it did. One line a call; fields carry the values. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

/** A logger that writes one JSON object a line through `write`. */
export function createLogger(options: { level: LogLevel; clock: Clock; write: (line: string) => void; fields?: LogFields }): Logger {
  const { clock, write, fields = {} } = options;
  const threshold = LOG_LEVELS.indexOf(options.level);
  const log = (level: LogLevel, message: string, more: LogFields = {}) => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    write(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), level, message, ...fields, ...more }, withErrors)}\n`);
  };
  return {
    debug: (message, more) => log('debug', message, more),
    info: (message, more) => log('info', message, more),
    warn: (message, more) => log('warn', message, more),
    error: (message, more) => log('error', message, more),
    child: (more) => createLogger({ ...options, fields: { ...fields, ...more } }),
  };
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

function withErrors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const cause = value.cause instanceof Error ? value.cause.message : undefined;
  return { name: value.name, message: value.message, cause, stack: value.stack };
}
