/** An image's name, taken apart: the tag (or digest) is what follows the last `:` (or `@`) of the last part. */
export function splitReference(reference: string): { readonly name: string; readonly tag: string | undefined } {
  const at = reference.indexOf('@');
  if (at >= 0) return { name: reference.slice(0, at), tag: reference.slice(at + 1) };
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/') ? { name: reference.slice(0, colon), tag: reference.slice(colon + 1) } : { name: reference, tag: undefined };
}

/** The registry that a name stands for: its first part where that looks like a host. */
export function registryOf(name: string): string {
  const [first = '', ...rest] = name.split('/');
  return rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost') ? first : 'docker.io';
}
