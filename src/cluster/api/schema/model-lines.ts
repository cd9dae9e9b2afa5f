import { readFileSync } from 'node:fs';

/**
 * The generated facts of each model, not parsed: its name, a tab, its facts in JSON, a line each. Most are never asked for, and
 * bytes weigh nothing beside objects.
 */
export function readModelLines(file: URL): ReadonlyMap<string, Buffer> {
  const bytes = readFileSync(file);
  const lines = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const [tab, end] = [bytes.indexOf(0x09, at), bytes.indexOf(0x0a, at)];
    lines.set(bytes.toString('latin1', at, tab), bytes.subarray(tab + 1, end));
    at = end + 1;
  }
  return lines;
}
