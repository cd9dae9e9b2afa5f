import { badOptions } from './errors.ts';
import { NODES_MAX } from './simulated-machine.ts';
import type { ClusterOptions } from './types.ts';

const NAMES: readonly string[] = ['nodes', 'clock', 'startTime', 'seed', 'pods', 'images', 'log'] satisfies readonly (keyof ClusterOptions)[];

/** What types say, for programs without them. Errors: `BAD_OPTIONS`. */
export function checkOptions(options: ClusterOptions): void {
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw badOptions(`there is no option "${unknown}": there are ${NAMES.join(', ')}`);
  const { nodes = 1, clock = 'system', seed = 0, startTime } = options;
  const isCount = Number.isInteger(nodes) && Number(nodes) >= 0 && Number(nodes) <= NODES_MAX;
  if (!isCount && !Array.isArray(nodes)) throw badOptions(`nodes is ${JSON.stringify(nodes)}, want a whole number from 0 to ${NODES_MAX}, or a list of nodes`);
  if (!Number.isSafeInteger(seed)) throw badOptions(`seed is ${JSON.stringify(seed)}, want a whole number`);
  if (clock !== 'system' && clock !== 'fake') throw badOptions(`clock is ${JSON.stringify(clock)}, want "system" or "fake"`);
  if (startTime === undefined) return;
  if (clock !== 'fake') throw badOptions("startTime is for { clock: 'fake' }: the machine's clock begins where it is");
  if (!(startTime instanceof Date) || Number.isNaN(startTime.getTime())) throw badOptions('startTime is no date');
}
