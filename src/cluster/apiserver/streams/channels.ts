import type { Status } from '#cluster/api';

/** The first byte of each WebSocket message of exec and attach. */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
/** In order of preference. v5 adds the half-close of stdin. */
export const REMOTE_COMMAND_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

type EndStatus = { readonly metadata: Record<string, never>; readonly status: 'Success' } | Partial<Status>;

/** What stands on the error channel when the process has ended. */
export function exitStatus(exitCode: number): EndStatus {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** What stands on the error channel when the connection to the process failed. */
export function failureStatus(message: string): EndStatus {
  return { metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500, details: { causes: [{ reason: 'InternalError', message }] } };
}
