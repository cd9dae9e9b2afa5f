import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.ts';
import type { Probed } from './peers.ts';

export interface Probing extends Disposable {
  /** What a process that was begun with the probe has to tell since the last time; undefined of one without. */
  ask(pid: number): Promise<Probed | undefined>;
}

/** Until it is disposed of, processes are begun with the probe (see `probe.ts`) in them, where that is wanted. */
export function probing(wanted: boolean): Probing {
  const told = join(tmpdir(), `gantry-probe-${process.pid}`);
  if (wanted) {
    process.env['GANTRY_BENCH_PROBE'] = told;
    process.env['NODE_OPTIONS'] = `--import=${new URL('./probe.ts', import.meta.url).pathname}`;
  }
  return {
    async ask(pid) {
      if (!wanted) return undefined;
      await rm(told, { force: true });
      process.kill(pid, 'SIGUSR2');
      const text = await eventually('the daemon to answer the probe', () => readFile(told, 'utf8'));
      await rm(told, { force: true });
      return JSON.parse(text) as Probed; // as the probe writes it
    },
    [Symbol.dispose]() {
      delete process.env['GANTRY_BENCH_PROBE'];
      delete process.env['NODE_OPTIONS'];
    },
  };
}
