/** Replaces `$(NAME)` by the variable's value, as Kubernetes does: `$$(NAME)` stands for itself, an unknown name stays as it is. Pure. */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, escaped: string, name: string | undefined) => {
    if (escaped === '$') return '$';
    return variables.get(name ?? '') ?? whole;
  });
}
