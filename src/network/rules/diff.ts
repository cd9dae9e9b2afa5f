import type { Chain, NamedSet, RuleSet } from './rule-set.ts';

/**
 * The nftables commands that lead from one rule set to the other, as one transaction; empty when they are equal. What
 * is equal is not touched, so counters of affinity and connections live on.
 */
export function diff(table: string, before: RuleSet, after: RuleSet): string {
  const newSets = changed(before.sets, after.sets, sameSet);
  const newChains = changed(before.chains, after.chains, sameHook);
  const goneSets = [...before.sets.keys()].filter((name) => !after.sets.has(name) || newSets.has(name));
  const goneChains = [...before.chains.keys()].filter((name) => !after.chains.has(name) || newChains.has(name));
  const commands = [
    ...goneChains.map((name) => `flush chain ${table} ${name}`),
    ...[...after.chains].flatMap(([name, { digests }]) => {
      const old = before.chains.get(name);
      return old && !newChains.has(name) && old.digests.length > 0 && !same(old.digests, digests) ? [`flush chain ${table} ${name}`] : [];
    }),
    ...elements('delete', table, before, after, newSets),
    ...replaced(goneChains, after.chains).map((name) => `delete chain ${table} ${name}`),
    ...replaced(goneSets, after.sets).map((name) => deleteSet(table, name, before)),
    ...[...newSets].map(([name, set]) => declareSet(table, name, set)),
    ...[...newChains].map(([name, { hook }]) => `add chain ${table} ${name}${hook === undefined ? '' : ` { ${hook} }`}`),
    ...[...after.chains].flatMap(([name, next]) => {
      const old = newChains.has(name) ? undefined : before.chains.get(name);
      return old && same(old.digests, next.digests) ? [] : addRules(table, name, next);
    }),
    ...elements('add', table, before, after, newSets),
    ...goneChains.filter((name) => !after.chains.has(name)).map((name) => `delete chain ${table} ${name}`),
    ...goneSets.filter((name) => !after.sets.has(name)).map((name) => deleteSet(table, name, before)),
  ];
  return commands.length === 0 ? '' : `${[`add table ${table}`, ...commands].join('\n')}\n`;
}

function changed<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>, equal: (a: T, b: T) => boolean): Map<string, T> {
  return new Map(
    [...after].filter(([name, next]) => {
      const old = before.get(name);
      return old === undefined || !equal(old, next);
    }),
  );
}

const replaced = (gone: readonly string[], after: ReadonlyMap<string, unknown>) => gone.filter((name) => after.has(name));
const same = (a: readonly string[], b: readonly string[]) => a === b || (a.length === b.length && a.every((each, index) => each === b[index]));
const sameHook = (a: Chain, b: Chain) => a.hook === b.hook;
const sameSet = (a: NamedSet, b: NamedSet) => a.type === b.type && a.value === b.value && a.timeout_seconds === b.timeout_seconds;

function declareSet(table: string, name: string, set: NamedSet): string {
  const parts = [`type ${set.type}${set.value === undefined ? '' : ` : ${set.value}`}`];
  if (set.flags !== undefined) parts.push(`flags ${set.flags}`);
  if (set.timeout_seconds !== undefined) parts.push(`timeout ${set.timeout_seconds}s`);
  return `add ${set.value === undefined ? 'set' : 'map'} ${table} ${name} { ${parts.join('; ')}; }`;
}

function deleteSet(table: string, name: string, before: RuleSet): string {
  return `delete ${before.sets.get(name)?.value === undefined ? 'set' : 'map'} ${table} ${name}`;
}

function addRules(table: string, name: string, { rules, digests }: Chain): string[] {
  return rules.map((rule, index) => `add rule ${table} ${name} ${rule} comment "${digests[index]}"`);
}

/** Elements that only one side has, or has with another value. */
function elements(verb: 'add' | 'delete', table: string, before: RuleSet, after: RuleSet, newSets: ReadonlyMap<string, NamedSet>): string[] {
  const [from, to] = verb === 'add' ? [before, after] : [after, before];
  return [...to.sets].flatMap(([name, set]) => {
    if (set.elements === undefined || (verb === 'delete' && (newSets.has(name) || !after.sets.has(name)))) return [];
    const other = newSets.has(name) ? undefined : from.sets.get(name)?.elements;
    if (other === set.elements) return [];
    const mine = [...set.elements].filter(([key, value]) => other?.get(key) !== value);
    if (mine.length === 0) return [];
    const list = mine.map(([key, value]) => (value === '' ? key : `${key} : ${value}`)).join(', ');
    return [`${verb} element ${table} ${name} { ${list} }`];
  });
}
