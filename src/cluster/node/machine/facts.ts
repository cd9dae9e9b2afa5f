import { readFile } from 'node:fs/promises';
import { arch, hostname, release } from 'node:os';
import { isSystemError } from '#kit';
import type { MachineFacts } from '../types.ts';

/** Reads what the machine says of itself; what it does not say is empty. */
export async function machineFacts(): Promise<MachineFacts> {
  const [machineId, bootId, os] = await Promise.all(['/etc/machine-id', '/proc/sys/kernel/random/boot_id', '/etc/os-release'].map(readIfThere));
  const osImage = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(os ?? '')?.[1] ?? 'Linux';
  return { architecture: arch(), hostname: hostname(), kernelVersion: release(), osImage, machineId: (machineId ?? '').trim(), bootId: (bootId ?? '').trim() };
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EACCES')) return '';
    throw error;
  }
}
