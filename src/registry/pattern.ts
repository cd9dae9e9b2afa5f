/** A predicate of a pattern: `*` stands for any letters but `/`, `**` for any letters, everything else for itself. */
export function matcherOf(pattern: string): (text: string) => boolean {
  const source = pattern.replaceAll(/\*\*|\*|[^*]+/g, (part) =>
    part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'),
  );
  const expression = new RegExp(`^${source}$`, 's');
  return (text) => expression.test(text);
}
