import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineUsage } from '../types.ts';

/** How often the kernel counts CPU time, as it shows it to programs. */
const TICKS_PER_SECOND = 100;

/** What the whole machine uses, from proc(5). */
export async function machineUsage(proc: string): Promise<MachineUsage> {
  const [stat, meminfo] = await Promise.all([readFile(join(proc, 'stat'), 'utf8'), readFile(join(proc, 'meminfo'), 'utf8')]);
  return { cpu_total_ns: busyNanoseconds(stat), memory_bytes: usedBytes(meminfo) };
}

/** User, nice, system, interrupts and stolen time; not idle nor waiting for disks. Pure. */
export function busyNanoseconds(stat: string): number {
  const fields = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return ((user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND) * 1e9;
}

/** Pure. */
export function usedBytes(meminfo: string): number {
  const kibibytes = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0);
  return (kibibytes('MemTotal') - kibibytes('MemAvailable')) * 1024;
}
