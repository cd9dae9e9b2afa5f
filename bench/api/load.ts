import { createInterface } from 'node:readline';
import { Load } from './load-tasks.ts';
import type { Command } from './load-client.ts';

// The other end of a measurement, in a process of its own: one command as a line of JSON, one answer as a line of JSON. Ends with its input.

const load = new Load();
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command; // as load-client.ts writes it
  process.stdout.write(`${JSON.stringify(await load.run(command))}\n`);
}
load.close();
