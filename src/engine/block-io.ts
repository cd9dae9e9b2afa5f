import { stat } from 'node:fs/promises';
import { isSystemError } from '#kit';
import { invalid } from './errors.ts';
import { numbersOf } from './machine.ts';
import type { ResourceLimits } from './types.ts';

const NAMES = {
  'read-bps': 'throttleReadBpsDevice',
  'write-bps': 'throttleWriteBpsDevice',
  'read-iops': 'throttleReadIOPSDevice',
  'write-iops': 'throttleWriteIOPSDevice',
} as const;

/** `linux.resources.blockIO` (OCI runtime specification); undefined when nothing is asked for. Errors: `ENGINE_INVALID` for what is no block device. */
export async function blockIoOf({ blockIo }: ResourceLimits): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (blockIo === undefined) return undefined;
  const { weight, weightDevices = [], throttles = [] } = blockIo;
  const result: Record<string, unknown> = weight === undefined ? {} : { weight };
  if (weightDevices.length > 0)
    result['weightDevice'] = await Promise.all(weightDevices.map(async (device) => ({ ...(await deviceNumbers(device.path)), weight: device.weight })));
  for (const [kind, name] of Object.entries(NAMES)) {
    const own = throttles.filter((throttle) => throttle.kind === kind);
    if (own.length > 0) result[name] = await Promise.all(own.map(async ({ path, rate }) => ({ ...(await deviceNumbers(path)), rate })));
  }
  return result;
}

async function deviceNumbers(path: string): Promise<{ readonly major: number; readonly minor: number }> {
  try {
    const stats = await stat(path);
    if (stats.isBlockDevice()) return numbersOf(stats.rdev);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
  throw invalid('block device', `${path} is none`);
}
