import { parseArgs } from 'node:util';
import { systemClock as clock } from '#kit';
import { Interrupted, StepError } from './errors.ts';
import { printNote, printTable, printTitle, type Result } from './print.ts';
import { Stage } from './stage.ts';
import { chooseSteps, type Step } from './steps.ts';

const USAGE = `usage: npm run demo -- [--full] [--step N]
  --full    also a Debian image by debootstrap, and the mission's curl image (takes minutes)
  --step N  only that step, and those that it stands on
`;

const { values } = parseArgs({ options: { full: { type: 'boolean', default: false }, step: { type: 'string' }, help: { type: 'boolean', default: false } } });
process.exitCode = values.help ? usage() : await demo(values.full, values.step === undefined ? undefined : Number(values.step));

function usage(): number {
  process.stdout.write(USAGE);
  return 0;
}

/** The whole walk-through; answers the exit status. */
async function demo(full: boolean, only: number | undefined): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort(new Interrupted(signal)));
  const results: Result[] = [];
  const steps = chooseSteps(only);
  if (steps.length === 0) return report(new StepError(`there is no step ${only}; "npm run demo -- --help" tells more`), undefined);
  let failure: unknown;
  {
    await using stage = await Stage.open({ full, signal: stopping.signal });
    if (!stage.clients.docker) printNote("docker is not on this machine: Gantry's own commands are used in its place, and what they don't have is left out");
    if (!stage.clients.kubectl) printNote("kubectl is not on this machine: Gantry's own commands are used in its place, and what they don't have is left out");
    for (const step of steps) {
      failure = await play(step, stage, results);
      if (failure !== undefined) break;
    }
    if (failure !== undefined) printNote('taking everything off the machine again …');
  }
  printTable(results);
  return report(failure, results.at(-1));
}

/** Plays one step; answers what went wrong, if something did. */
async function play(step: Step, stage: Stage, results: Result[]): Promise<unknown> {
  const began = clock.monotonic();
  const record = (outcome: Result['outcome']) => void results.push({ number: step.number, title: step.title, outcome, took_ms: clock.monotonic() - began });
  printTitle(step.number, step.title);
  try {
    await step.play(stage);
    record('done');
    return undefined;
  } catch (error) {
    record('failed');
    return error;
  }
}

function report(failure: unknown, last: Result | undefined): number {
  if (failure === undefined) return 0;
  const where = last === undefined ? '' : ` in step ${last.number} (${last.title})`;
  if (failure instanceof Interrupted) {
    process.stderr.write(`\ninterrupted${where}; nothing is left behind\n`);
    return 130;
  }
  if (!(failure instanceof StepError)) throw failure;
  process.stderr.write(`\nthe demo failed${where}: ${failure.message}\n`);
  return 1;
}
