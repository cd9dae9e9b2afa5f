import { createTwoFilesPatch } from 'diff';
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { GantryError, systemClock } from '#kit';
import type { Command } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { CLUSTER_OPTIONS, CLUSTER_USAGE, connectCluster } from '../kubernetes/connect.ts';
import { discoverKinds, findKind } from '../kubernetes/kinds.ts';
import { parseOptions } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { findMoment, MOMENT_USAGE, type Moment } from './moment.ts';
import { type Found, lastingKinds, nameOf, objectsAt } from './past-objects.ts';
import { wishOf } from './wish.ts';

const OPTIONS = { ...CLUSTER_OPTIONS, from: { type: 'string' }, to: { type: 'string' }, status: { type: 'boolean', default: false } } as const;
const DIFFERENT = 1;
const TROUBLE = 2;

/** What is different between two moments, as a unified diff; exit status 1 where anything is, as diff's own. */
export const diff: Command = {
  usage: `diff --from MOMENT [--to MOMENT] [KIND...] [--status] ${CLUSTER_USAGE}\nMOMENT: ${MOMENT_USAGE}`,
  run: (commandArguments, terminal) => compare(commandArguments, terminal).catch(asTrouble),
};

async function compare(commandArguments: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions({ args: [...commandArguments], options: OPTIONS, allowPositionals: true });
  if (values.from === undefined) throw new UsageError(`Cannot compare: name a moment with --from: ${MOMENT_USAGE}`);
  using cluster = await connectCluster(values, terminal);
  const now_ms = systemClock.now();
  const [from, to] = [await findMoment(cluster.client, values.from, now_ms), await findMoment(cluster.client, values.to ?? 'now', now_ms)];
  const all = await discoverKinds(cluster.client);
  const kinds = positionals.length === 0 ? lastingKinds(all) : positionals.map((word) => findKind(all, word));
  const [before, after] = [await objectsAt(cluster.client, kinds, from, values.namespace), await objectsAt(cluster.client, kinds, to, values.namespace)];
  let status = 0;
  for (const key of [...new Set([...before.keys(), ...after.keys()])].toSorted()) {
    const text = differenceOf({ found: before.get(key), moment: from }, { found: after.get(key), moment: to }, values.status);
    if (text === undefined) continue;
    status = DIFFERENT;
    terminal.stdout.write(text);
    const gone = after.has(key) ? undefined : before.get(key);
    if (gone?.kind.kind === 'CustomResourceDefinition')
      terminal.stderr.write(
        `gantry: ${gone.object.metadata.name} are not served any more, so what there was of them is not shown; "gantry undo" brings it back with the definition\n`,
      );
  }
  return status;
}

/** As diff's own: 2 is for what went wrong. */
function asTrouble(error: unknown): never {
  if (error instanceof GantryError && !(error instanceof UsageError)) throw new CommandError(error.message, TROUBLE, { cause: error });
  throw error;
}

interface Side {
  readonly found: Found | undefined;
  readonly moment: Moment;
}

/** Undefined where there is none. */
function differenceOf(before: Side, after: Side, status: boolean): string | undefined {
  const [old, now] = [before, after].map(({ found }) => found && wishOf(found.object, { status }));
  if (isDeepStrictEqual(old, now)) return undefined;
  const [oldName, newName] = [before, after].map(({ found, moment }) => (found === undefined ? '/dev/null' : `${nameOf(found)} at ${wordsOf(moment)}`));
  return createTwoFilesPatch(oldName ?? '', newName ?? '', textOf(old), textOf(now), undefined, undefined, {
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  });
}

const textOf = (object: object | undefined): string => (object === undefined ? '' : stringify(object));
const wordsOf = (moment: Moment): string => (moment.kind === 'now' ? 'now' : moment.words);
