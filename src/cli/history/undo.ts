import { isDeepStrictEqual } from 'node:util';
import { createInterface } from 'node:readline/promises';
import type { KubeObject } from '#cluster/api';
import { isStatus, type RawClient } from '#cluster/client';
import { messageOf, systemClock } from '#kit';
import type { Command } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { CLUSTER_OPTIONS, CLUSTER_USAGE, connectCluster } from '../kubernetes/connect.ts';
import { discoverKinds, findKind, type Kind } from '../kubernetes/kinds.ts';
import { placeOf } from '../kubernetes/place.ts';
import { parseOptions } from '../options.ts';
import { say, type Terminal } from '../terminal.ts';
import { findMoment, MOMENT_USAGE } from './moment.ts';
import { type Found, lastingKinds, nameOf, objectsAt } from './past-objects.ts';
import { planOf, type Step } from './plan.ts';
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
    const all = await discoverKinds(client);
    const targets = positionals.map((word) => targetOf(all, word));
    const kinds = targets.length === 0 ? lastingKinds(all) : [...new Set(targets.map(({ kind }) => kind))];
    const namespace = values.namespace ?? (targets.some(({ name }) => name !== undefined) ? cluster.namespace : undefined);
    const [then, now] = [await objectsAt(client, kinds, moment, namespace), await objectsAt(client, kinds, { kind: 'now' }, namespace)];
    const isNamed = ({ kind, object }: Found) => targets.some((one) => one.kind === kind && (one.name === undefined || one.name === object.metadata.name));
    const plan = planOf(then, now, { prune: values.prune, ...(targets.some(({ name }) => name !== undefined) ? { only: isNamed } : {}) });
    if (plan.length === 0) {
      say(terminal, `nothing is different from ${moment.words}`);
      return 0;
    }
    say(terminal, `back to ${moment.words}:`);
    for (const step of plan) say(terminal, `  ${wordsOf(step)}`);
    if (values['dry-run']) return 0;
    if (!values.yes && !(await agreed(terminal))) return 1;
    return await carryOut(client, plan, terminal);
  },
};

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

/** Goes on where a step is refused, and says so. Answers the exit status. */
async function carryOut(client: RawClient, plan: readonly Step[], terminal: Terminal): Promise<number> {
  /** New uids of what was made again, by the old ones: what it owns names them. */
  const uids = new Map<string, string>();
  const refused: string[] = [];
  for (const step of plan) {
    try {
      await carryOutOne(client, step, uids);
      say(terminal, `done: ${wordsOf(step)}`);
    } catch (error) {
      refused.push(`${wordsOf(step)}: ${messageOf(error)}`);
    }
  }
  if (refused.length > 0) throw new CommandError(`Cannot do all of it:\n${refused.map((line) => `  ${line}`).join('\n')}`);
  return 0;
}

async function carryOutOne(client: RawClient, step: Step, uids: Map<string, string>): Promise<void> {
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
  const present = step.kind === 'restore' ? step.now.object : await create(client, step.then, wish, uids);
  if (present === undefined || isDeepStrictEqual(wishOf(present), wish)) return;
  const { resourceVersion } = present.metadata;
  await client.json({ method: 'PUT', path: placeOf(kind, namespace, name, query), body: { ...wish, metadata: { ...wish.metadata, resourceVersion } } });
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
  const owners = object.metadata.ownerReferences?.map((owner) => ({ ...owner, uid: uids.get(owner.uid) ?? owner.uid }));
  const metadata = { ...object.metadata, ...(owners === undefined ? {} : { ownerReferences: owners }) };
  if (object.kind !== 'Pod') return { ...object, metadata };
  // A Pod's spec is an object.
  const { nodeName: _, ...spec } = object.spec as { nodeName?: string };
  const pod: KubeObject & { spec: object } = { ...object, metadata, spec };
  return pod;
}
