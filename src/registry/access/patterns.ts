/** Whether a repository's name fits a pattern: `*` is any text without a slash, `**` any text. No pattern can make it slow. */
export function fits(pattern: string, name: string): boolean {
  const parts = pattern.split(/(\*\*|\*)/).filter((part) => part !== '');
  // Every place in the name that the parts so far can end at.
  let ends = new Set([0]);
  for (const part of parts) {
    const next = new Set<number>();
    for (const end of ends) {
      if (part === '**' || part === '*') reach(name, end, part === '*', next);
      else if (name.startsWith(part, end)) next.add(end + part.length);
    }
    ends = next;
  }
  return ends.has(name.length);
}

function reach(name: string, from: number, withinPart: boolean, ends: Set<number>): void {
  for (let end = from; end <= name.length; end += 1) {
    ends.add(end);
    if (withinPart && name[end] === '/') return;
  }
}
