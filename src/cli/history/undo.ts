import { isDeepStrictEqual } from 'node:util';
import { createInterface } from 'node:readline/promises';
import type { KubeObject, OwnerReference } from '#cluster/api';
import { isStatus, type RawClient } from '#cluster/client';
import { messageOf, systemClock } from '#kit';
import type { Command } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type Cluster, CLUSTER_OPTIONS, CLUSTER_USAGE, connectCluster } from '../kubernetes/connect.ts';
import { apiVersionOf, discoverKinds, findKind, type Kind } from '../kubernetes/kinds.ts';
import { placeOf } from '../kubernetes/place.ts';
import { parseOptions } from '../options.ts';
import { say, type Terminal } from '../terminal.ts';
import { findMoment, type Moment, MOMENT_USAGE } from './moment.ts';
import { type Found, lastingKinds, nameOf, objectsAt } from './past-objects.ts';
import { planOf, renewedUids, type Step, withOwners } from './plan.ts';
import { wishOf } from './wish.ts';

const OPTIONS = {
  ...CLUSTER_OPTIONS,
  to: { type: 'string' },
  prune: { type: 'boolean', default: false },
  yes: { type: 'boolean', short: 'y', default: false },
  'dry-run': { type: 'boolean', default: false },
} as const;
const MANAGER = 'gantry-undo';

/** Makes what was deleted or changed since a moment as it was then, after saying what that is. */
export const undo: Command = {
  usage: `undo --to MOMENT [KIND | KIND/NAME]... [--prune] [--yes | --dry-run] ${CLUSTER_USAGE}\nMOMENT: ${MOMENT_USAGE}`,
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: OPTIONS, allowPositionals: true });
    if (values.to === undefined) throw new UsageError(`Cannot go back: name a moment with --to: ${MOMENT_USAGE}`);
    using cluster = await connectCluster(values, terminal);
    const { client } = cluster;
    const moment = await findMoment(client, values.to, systemClock.now());
    if (moment.kind === 'now') throw new UsageError('Cannot go back to now: name a moment that has passed');
    const look = () => lookBack(cluster, moment, positionals, values);
    const { plan } = await look();
    if (plan.length === 0) {
      say(terminal, `nothing is different from ${moment.words}`);
      return 0;
    }
    const isWhole = positionals.length === 0;
    say(terminal, `back to ${moment.words}:`);
    for (const step of plan) say(terminal, `  ${wordsOf(step)}${isWhole && isDefinition(step) ? ', and what there was of it' : ''}`);
    if (values['dry-run']) return 0;
    if (!values.yes && !(await agreed(terminal))) return 1;
    return await carryOut(client, look, terminal);
  },
};

interface Look {
  readonly uids: ReadonlyMap<string, string>;
  readonly kinds: readonly Kind[];
  readonly plan: readonly Step[];
}

/** What is to be done, by what is served now. */
async function lookBack(
  { client, namespace: own }: Cluster,
  moment: Moment,
  words: readonly string[],
  { namespace: given, prune }: { readonly namespace?: string | undefined; readonly prune: boolean },
): Promise<Look> {
  const all = await discoverKinds(client);
  const targets = words.map((word) => targetOf(all, word));
  const kinds = targets.length === 0 ? lastingKinds(all) : [...new Set(targets.map(({ kind }) => kind))];
  const namespace = given ?? (targets.some(({ name }) => name !== undefined) ? own : undefined);
  const [then, now] = [await objectsAt(client, kinds, moment, namespace), await objectsAt(client, kinds, { kind: 'now' }, namespace)];
  const isNamed = ({ kind, object }: Found) => targets.some((one) => one.kind === kind && (one.name === undefined || one.name === object.metadata.name));
  return {
    kinds: all,
    uids: renewedUids(then, now),
    plan: planOf(then, now, { prune, ...(targets.some(({ name }) => name !== undefined) ? { only: isNamed } : {}) }),
  };
}

function isDefinition(step: Step): boolean {
  return step.kind === 'create' && step.then.kind.kind === 'CustomResourceDefinition';
}

interface Target {
  readonly kind: Kind;
  readonly name: string | undefined;
}

function targetOf(kinds: readonly Kind[], word: string): Target {
  const [kind = '', name] = word.split('/');
  return { kind: findKind(kinds, kind), name };
}

function wordsOf(step: Step): string {
  switch (step.kind) {
    case 'create':
      return `create ${nameOf(step.then)}, which was deleted`;
    case 'restore':
      return `change ${nameOf(step.then)} back`;
    case 'delete':
      return `delete ${nameOf(step.now)}, which was not there`;
  }
}

/** Errors: `USAGE` where there is nobody to be asked. */
async function agreed(terminal: Terminal): Promise<boolean> {
  if (terminal.stdin.isTTY !== true)
    throw new UsageError('Cannot ask whether to do this: standard input is no terminal. Add --yes to do it, or --dry-run to be told only');
  const asking = createInterface({ input: terminal.stdin, output: terminal.stdout });
  try {
    return /^y(es)?$/i.test((await asking.question('Do this? [y/N] ')).trim());
  } finally {
    asking.close();
  }
}

/** What a step needs of those before it. */
interface Work {
  readonly client: RawClient;
  readonly kinds: readonly Kind[];
  /** New uids of what was made again, by the old ones: what it owns names them. */
  readonly uids: Map<string, string>;
}

/**
 * Goes on where a step is refused, and says so. Answers the exit status. What there was of a definition can be read only when that is served
 * again: then it is looked once more.
 */
async function carryOut(client: RawClient, look: () => Promise<Look>, terminal: Terminal): Promise<number> {
  const refused: string[] = [];
  const made = new Map<string, string>();
  const through = async ({ kinds, uids: known }: Look, steps: readonly Step[]) => {
    const uids = new Map([...known, ...made]);
    for (const step of steps) {
      try {
        await carryOutOne({ client, kinds, uids }, step);
        say(terminal, `done: ${wordsOf(step)}`);
      } catch (error) {
        refused.push(`${wordsOf(step)}: ${messageOf(error)}`);
      }
    }
    for (const [before, after] of uids) made.set(before, after);
  };
  const first = await look();
  const definitions = first.plan.filter(isDefinition);
  await through(first, definitions);
  const then = definitions.length === 0 ? first : await look();
  await through(
    then,
    then.plan.filter((step) => !isDefinition(step)),
  );
  if (refused.length > 0) throw new CommandError(`Cannot do all of it:\n${refused.map((line) => `  ${line}`).join('\n')}`);
  return 0;
}

async function carryOutOne(work: Work, step: Step): Promise<void> {
  const { client, uids } = work;
  const query = { fieldManager: MANAGER };
  if (step.kind === 'delete') {
    const { kind, object } = step.now;
    const { namespace, name, uid } = object.metadata;
    await client.json({ method: 'DELETE', path: placeOf(kind, namespace, name), body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid } } });
    return;
  }
  const { kind, object } = step.then;
  const { namespace, name } = object.metadata;
  const wish = renewed(wishOf(object), uids);
  if (step.kind === 'create') await refuseUnowned(work, wish);
  const present = step.kind === 'restore' ? step.now.object : await create(client, step.then, wish, uids);
  if (present === undefined || isDeepStrictEqual(wishOf(present), wish)) return;
  const { resourceVersion } = present.metadata;
  await client.json({ method: 'PUT', path: placeOf(kind, namespace, name, query), body: { ...wish, metadata: { ...wish.metadata, resourceVersion } } });
}

/** What has owners, of which none is there, would be collected as soon as it is made. Errors: `COMMAND_FAILED`. */
async function refuseUnowned(work: Work, { metadata: { namespace, ownerReferences = [] } }: KubeObject): Promise<void> {
  if (ownerReferences.length === 0) return;
  for (const owner of ownerReferences) if (await isThere(work, owner, namespace)) return;
  const names = ownerReferences.map(({ kind, name }) => `${kind} "${name}"`).join(', ');
  throw new CommandError(`its owner ${names} is not there, so that it would be collected at once: bring that back too`);
}

async function isThere({ client, kinds }: Work, owner: OwnerReference, namespace: string | undefined): Promise<boolean> {
  const kind = kinds.find((one) => one.kind === owner.kind && apiVersionOf(one) === owner.apiVersion);
  if (kind === undefined) return false;
  try {
    const { body } = await client.json({ path: placeOf(kind, kind.namespaced ? namespace : undefined, owner.name) });
    // An object, as the path says.
    return (body as KubeObject).metadata.uid === owner.uid;
  } catch (error) {
    if (isStatus(error, 'NotFound')) return false;
    throw error;
  }
}

/** Undefined where it was made; where a controller was faster, what stands there. */
async function create(client: RawClient, { kind, object }: Found, wish: KubeObject, uids: Map<string, string>): Promise<KubeObject | undefined> {
  const { namespace, name, uid: before } = object.metadata;
  const remember = ({ metadata: { uid } }: KubeObject) => before !== undefined && uid !== undefined && uids.set(before, uid);
  try {
    const { body } = await client.json({ method: 'POST', path: placeOf(kind, namespace, undefined, { fieldManager: MANAGER }), body: wish });
    // A create is answered with the object.
    remember(body as KubeObject);
    return undefined;
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error;
    // As above.
    const present = (await client.json({ path: placeOf(kind, namespace, name) })).body as KubeObject;
    remember(present);
    return present;
  }
}

/** As it can be made again: owners by their present uids, a Pod on no node yet. */
function renewed(object: KubeObject & { spec?: unknown }, uids: ReadonlyMap<string, string>): KubeObject {
  const owned = withOwners(object, uids);
  if (object.kind !== 'Pod') return owned;
  // A Pod's spec is an object.
  const { nodeName: _, ...spec } = owned.spec as { nodeName?: string };
  const pod: KubeObject & { spec: object } = { ...owned, spec };
  return pod;
}
