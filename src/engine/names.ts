import type { Random } from '#kit';

const ADJECTIVES = [
  'able',
  'brisk',
  'calm',
  'deft',
  'eager',
  'fair',
  'glad',
  'hardy',
  'ideal',
  'jolly',
  'keen',
  'lucid',
  'merry',
  'nimble',
  'open',
  'plain',
  'quick',
  'ready',
  'steady',
  'tidy',
  'upbeat',
  'vivid',
  'warm',
  'young',
  'bold',
  'clear',
  'early',
  'fresh',
  'grand',
  'handy',
  'light',
  'sunny',
] as const;
const NOUNS = [
  'anchor',
  'barge',
  'crane',
  'dock',
  'engine',
  'ferry',
  'gangway',
  'harbour',
  'island',
  'jetty',
  'keel',
  'lantern',
  'mast',
  'navigator',
  'oar',
  'pier',
  'quay',
  'rudder',
  'sail',
  'tide',
  'uplink',
  'vessel',
  'winch',
  'yacht',
  'beacon',
  'buoy',
  'compass',
  'deck',
  'fleet',
  'hull',
  'pilot',
  'wharf',
] as const;

/** A free name of the kind `calm_harbour`; a number is added while it is taken. */
export function chooseName(random: Random, taken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt += 1) {
    const base = `${pick(random, ADJECTIVES)}_${pick(random, NOUNS)}`;
    const name = attempt < 4 ? base : `${base}${Math.floor(random.fraction() * 10 ** Math.min(attempt, 9))}`;
    if (!taken(name)) return name;
  }
}

function pick<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[Math.floor(random.fraction() * list.length)] ?? list[0];
}
