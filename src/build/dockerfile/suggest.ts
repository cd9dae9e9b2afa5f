/** ` (did you mean NAME?)` for the known word that is near to a mistaken one, or nothing. */
export function suggestion(word: string, known: Iterable<string>, prefix = ''): string {
  const near = nearest(word, known);
  return near === undefined ? '' : ` (did you mean ${prefix}${near}?)`;
}

/** The known word at the least distance, when that is at most a third of the word and at most 3 (2 for words of up to 6). */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const most = word.length > 64 ? 0 : Math.min(Math.max(1, Math.round(word.length / 3)), word.length > 6 ? 3 : 2);
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distance = name === word ? 0 : Math.abs(name.length - word.length) > most ? Infinity : editDistance(word.toLowerCase(), name.toLowerCase());
    if (distance <= most && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** Letters put in, left out, changed or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(change, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
